"""Chooses the object store by its URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lateen.domain.errors import SetupError

from .directory import DirectoryStore
from .s3.location import Location
from .s3.patience import Patience

if TYPE_CHECKING:
    from .s3.store import S3Store

KNOWN = (
    "a directory (/path or file:///path) or a bucket"
    " (s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION)"
)


_PATIENCE = Patience()


def opened(
    place: str | Path,
    environment: Mapping[str, str] = os.environ,
    patience: Patience = _PATIENCE,
) -> DirectoryStore | S3Store:
    """The store at a path, a ``file://`` URL or an ``s3://`` URL; nothing is asked of it yet.

    ``environment`` holds what the URL leaves open: region and credentials. ``patience`` is for a
    service: a directory answers, or it is not there.
    Raises SetupError where the URL names no store, or the extra that it needs is missing.
    """
    found = _located(place, environment)
    if isinstance(found, Path):
        return DirectoryStore(found)
    if find_spec("minio") is None:
        raise SetupError(
            f"the object store {found} needs the client minio, which is not installed:"
            " pip install 'lateen[s3]'"
        )
    from .s3.loading import load_minio

    load_minio()
    from .s3.store import S3Store

    return S3Store(found, patience=patience, environment=environment)


def shown(place: str | Path) -> str:
    """The path or the URL for people; SetupError where it names no store or holds a secret."""
    return str(_located(place, os.environ))


def _located(place: str | Path, environment: Mapping[str, str]) -> Path | Location:
    if isinstance(place, Path):
        return place
    if place.startswith("/"):
        return Path(place)
    if "://" not in place:
        raise SetupError(f"an object store cannot be at {place[:80]!r}; it is in {KNOWN}")
    scheme = place.partition("://")[0].lower()
    if scheme == "file":
        return _path(place)
    if scheme == "s3":
        return Location.of(place, environment)
    raise SetupError(f"an object store cannot be in {scheme[:20]!r}; it is in {KNOWN}")


def _path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise SetupError(
            f"the object store {url!r} is on the computer {parts.netloc!r};"
            " a directory of this one is file:///path, with three slashes"
        )
    return Path(unquote(parts.path))
