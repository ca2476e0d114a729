from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.artifacts import (
    ArtifactVersion,
    Content,
    File,
    Manifest,
    ModelVersion,
    check_path,
)
from lateen.domain.errors import ProtocolError

MANIFEST = Manifest(
    "npy", "numpy.ndarray", "m.Array", (File("a/b", 3, "0" * 64), File("c", 4, "1" * 64))
)


def test_a_manifest_survives_json_with_its_digest() -> None:
    back = Manifest.from_json(json.loads(MANIFEST.text))
    assert back == MANIFEST
    assert back.digest == MANIFEST.digest
    assert back.size == 7


def test_the_text_is_canonical() -> None:
    assert MANIFEST.text.startswith('{"files":[{"path":"a/b","sha256":"000')
    assert " " not in MANIFEST.text


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a\0b", "a\\..\\b"]
)
def test_a_path_that_leaves_the_artifact_is_refused(path: str) -> None:
    with pytest.raises(ProtocolError, match="outside the artifact"):
        check_path(path)
    data = {**MANIFEST.to_json(), "files": [{"path": path, "size": 1, "sha256": "0" * 64}]}
    with pytest.raises(ProtocolError, match="outside the artifact"):
        Manifest.from_json(data)


@given(st.text(max_size=40))
def test_what_passes_stays_below_the_artifact(path: str) -> None:
    try:
        check_path(path)
    except ProtocolError:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")


def test_a_version_is_shown_by_its_name_or_its_number() -> None:
    fields = ("id", "iris", 3)
    rest = ("sha256:0", "data")
    assert ArtifactVersion(*fields, None, *rest).version == "3"
    assert ArtifactVersion(*fields, "raw", *rest).version == "raw"
    assert ModelVersion(*fields, None, "none", "ready").version == "3"
    assert ModelVersion(*fields, "1.0", "none", "ready").version == "1.0"


def test_kept_bytes_are_those_of_the_files_one_after_the_other() -> None:
    files = {"a": b"one", "b/c": b"", "b/d": b"\0\n"}
    listed = tuple(File.of(path, content) for path, content in files.items())
    content = Content(Manifest("f", "t", "m", listed), {}, b"".join(files.values()))
    assert {file.path: kept for file, kept in content.kept_files()} == files
