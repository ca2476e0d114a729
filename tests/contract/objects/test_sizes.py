"""What upkeep asks of every object store."""

from __future__ import annotations

import hashlib
import io


def test_the_size_of_a_blob_is_told_and_none_of_one_that_is_not_there(objects):
    data = bytes(6_000_001)
    sha256 = hashlib.sha256(data).hexdigest()
    assert objects.size(sha256, 3) is None
    objects.put(sha256, 3, io.BytesIO(data), len(data))
    assert objects.size(sha256, 3) == len(data)
    objects.delete(sha256, 3)
    assert objects.size(sha256, 3) is None


def test_dropping_unfinished_writes_leaves_blobs_alone(objects):
    sha256 = hashlib.sha256(b"x").hexdigest()
    assert objects.drop_unfinished(0) == 0
    objects.put(sha256, 1, io.BytesIO(b"x"), 1)
    assert objects.drop_unfinished(0) == 0
    assert objects.size(sha256, 1) == 1
