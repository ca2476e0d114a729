"""New files on this computer that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from lateen.domain.errors import LateenError, SetupError, StoreUnavailable

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}


def link(path: Path, to: Path) -> bool:
    """Whether a second name could be made; file systems and kernels refuse some."""
    try:
        os.link(path, to, follow_symlinks=False)
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise
    return True


@contextmanager
def arriving(destination: Path) -> Iterator[FileIO]:
    """A file beside the destination that becomes it when all went well, and is gone otherwise.

    Raises SetupError where the destination exists or cannot be made, StoreUnavailable where there
    is no room for it.
    """
    path = destination.with_name(f".arriving-{secrets.token_hex(8)}")
    try:
        if os.path.lexists(destination):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(destination))
        with FileIO(path, "x+b") as file:
            yield file
        if not link(path, destination):
            path.rename(destination)
    except OSError as error:
        raise arrival_error(error, destination) from error
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def arrival_error(error: OSError, destination: Path) -> LateenError:
    """What keeps a blob from arriving at its destination."""
    found = error.strerror or str(error)
    if error.errno == errno.EEXIST:
        return existing(f"{found}: {str(destination)!r}")
    if error.errno in NO_ROOM:
        return StoreUnavailable(
            f"there is no room to bring a blob to {str(destination)!r} ({found});"
            " free some space, then run again"
        )
    return SetupError(
        f"a blob cannot be brought to {str(destination)!r} ({found});"
        " choose a place that can be written"
    )


def existing(found: str) -> SetupError:
    """The error for a blob that would replace a file."""
    return SetupError(
        f"a blob cannot be brought to a file that exists ({found}); remove it or choose another"
    )
