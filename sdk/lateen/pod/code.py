"""The source archive of a pipeline: brought from the object store, unpacked beside the step."""

from __future__ import annotations

import shutil

from lateen.domain.canonical import DIGEST_PREFIX
from lateen.domain.errors import CorruptBlobError
from lateen.pod.archive import unpack
from lateen.step.ports import Stores
from lateen.step.transfer import fetch_blob
from lateen.step.workdir import WorkDirectory


def bring_code(digest: str, work: WorkDirectory, stores: Stores) -> None:
    """Unpacks the archive of that digest into the work directory.

    Raises CorruptBlobError where its bytes are gone or damaged, UserError where what it holds is
    not to be unpacked.
    """
    sha256 = digest.removeprefix(DIGEST_PREFIX)
    generation = stores.catalog.attempts.generations([sha256]).get(sha256)
    if generation is None:
        raise CorruptBlobError(
            f"the source archive {digest} is not in the object store; submit the pipeline again,"
            " which uploads it. Where that does not help, LATEEN_DATABASE_URL and LATEEN_STORE_URL"
            " of the computer that submits are perhaps not those of this namespace's Secret"
            " lateen-stores"
        )
    archive = work.trusted / "code.tar.gz"
    archive.unlink(missing_ok=True)
    try:
        fetch_blob(sha256, generation, stores, archive)
    except CorruptBlobError as error:
        raise CorruptBlobError(
            f"the source archive {digest} cannot be read; submit the pipeline again, which uploads"
            f" it: {error}"
        ) from error
    shutil.rmtree(work.code, ignore_errors=True)
    work.code.mkdir()
    with archive.open("rb") as file:
        unpack(file, work.code)
    archive.unlink()
