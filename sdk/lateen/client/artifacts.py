"""Artifacts that are saved, loaded and registered by a call of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from lateen.client.client import Client
from lateen.client.metadata import checked_metadata
from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.forwarding import standing_for
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import InvalidNameError, NotFoundError
from lateen.domain.kinds import ArtifactType
from lateen.domain.names import check_name, check_version_name, did_you_mean
from lateen.domain.placeholders import placeholders, rendered

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def save_artifact(  # noqa: PLR0913 - the arguments of ZenML's
    data: Any,
    name: str,
    version: str | int | None = None,
    *,
    artifact_type: ArtifactType | str | None = None,
    tags: Sequence[str] | None = None,
    user_metadata: Mapping[str, Any] | None = None,
    materializer: type[Any] | None = None,
    allow_pickle: bool = False,
) -> ArtifactVersionView:
    """Save a value as a new version of an artifact, at once: it stays if the step fails.

    Raises UnsupportedTypeError where nothing can save the value, VersionConflictError where the
    version is there with other bytes.
    """
    from lateen.materializers import save

    wanted = _names(name, version)
    metadata = checked_metadata(user_metadata or {})
    transport: Any = current()
    directory = _directory(transport) / os.urandom(8).hex()
    saved = save(
        standing_for(data),
        directory,
        materializer=materializer,
        allow_pickle=allow_pickle,
        short=KEPT,
    )
    found = transport.call(
        "save_artifact",
        # What the catalog is to keep goes with the request: no file has to be made for it.
        directory=str(directory) if saved.document is None else None,
        document=saved.document,
        format=saved.format,
        type=saved.type,
        materializer=saved.materializer,
        kind=ArtifactType(artifact_type or saved.kind).value,
        pickled=saved.pickled,
        tags=list(tags or ()),
        metadata={**checked_metadata(saved.metadata), **metadata},
        **wanted,
    )
    return ArtifactVersionView(found)


@lru_cache(maxsize=1)
def _directory(transport: Any) -> Path:
    """Where the directories of saved values lie; asked for once, since many may follow."""
    return Path(transport.call("new_directory")["path"]).parent


def load_artifact(name_or_id: str | UUID, version: str | int | None = None) -> Any:
    """The value of an artifact's version, the latest where none is given."""
    return Client(late=False).get_artifact_version(name_or_id, version).load()


def register_artifact(
    folder_or_file_uri: str | PathLike[str],
    name: str,
    version: str | int | None = None,
    *,
    artifact_type: ArtifactType | str | None = None,
    tags: Sequence[str] | None = None,
    artifact_metadata: Mapping[str, Any] | None = None,
) -> ArtifactVersionView:
    """Make a local file or folder, as it is now, a version of an artifact; it loads as a Path.

    Raises NotFoundError where nothing is there.
    """
    found = current().call(
        "register_artifact",
        path=str(_existing(_local_path(folder_or_file_uri))),
        kind=ArtifactType(artifact_type or ArtifactType.DATA).value,
        tags=list(tags or ()),
        metadata=checked_metadata(artifact_metadata or {}),
        **_names(name, version),
    )
    return ArtifactVersionView(found)


def _names(name: str, version: str | int | None) -> dict[str, str | None]:
    placeholders(name)
    check_name(rendered(name, _ANY_TIME), "the artifact")
    if version is None:
        return {"name": name, "version": None}
    return {"name": name, "version": check_version_name(str(version), "the version")}


def _local_path(uri: str | PathLike[str]) -> Path:
    text = os.fspath(uri)
    parts = urlsplit(text)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if "://" in text:
        raise InvalidNameError(
            f"{text!r} lies at {parts.scheme}://, and only local files and folders can be"
            " registered; download it first and register what you downloaded"
        )
    return Path(os.path.abspath(text))


def _existing(path: Path) -> Path:
    if path.exists():
        return path
    beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    raise NotFoundError(
        f"there is neither a file nor a folder at {path}{did_you_mean(path.name, beside)}"
    )
