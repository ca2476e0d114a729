"""Chooses the object store by its URL."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lateen.domain.errors import SetupError

from .directory import DirectoryStore

if TYPE_CHECKING:
    from .s3 import S3Store

KNOWN = (
    "a directory (/path or file:///path) or a bucket (s3://BUCKET/PREFIX?endpoint=...&region=...)"
)


def opened(place: str | Path) -> DirectoryStore | S3Store:
    """The store at a path, a ``file://`` URL or an ``s3://`` URL; nothing is asked of it yet.

    Raises SetupError where the URL names no store, or the extra that it needs is missing.
    """
    if isinstance(place, Path) or "://" not in place:
        return DirectoryStore(Path(place))
    scheme = place.partition("://")[0].lower()
    if scheme == "file":
        return DirectoryStore(_path(place))
    if scheme == "s3":
        return _bucket(place)
    raise SetupError(f"an object store cannot be in {scheme[:20]!r}; it is in {KNOWN}")


def _path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise SetupError(
            f"the object store {url!r} names the computer {parts.netloc!r};"
            " a directory of this one is file:///path, with three slashes"
        )
    return Path(unquote(parts.path))


def _bucket(url: str) -> S3Store:
    from .s3.location import Location

    location = Location.of(url)
    if find_spec("minio") is None:
        raise SetupError(
            f"the object store {location} needs the client minio, which is not installed:"
            " pip install 'lateen[s3]'"
        )
    from .s3 import S3Store

    return S3Store(location)
