"""Artifacts and their versions as tables and descriptions."""

from __future__ import annotations

from datetime import datetime

from lateen.cli.output import Column, Json
from lateen.cli.tables import Table, fields, section, sections
from lateen.cli.times import age, clock, size_text
from lateen.client.views.deleted_bytes import deletion_words
from lateen.domain.canonical import canonical_json


def artifact_name(artifact: Json) -> str:
    """An artifact for ``-o name``."""
    return f"artifact/{artifact['name']}"


def version_name(version: Json) -> str:
    """An artifact version for ``-o name``."""
    return f"artifact/{version['name']}@{version['version']}"


def artifact_columns(now: datetime) -> list[Column]:
    """The columns of a list of artifacts."""
    return [
        Column("NAME", lambda item: item["name"]),
        Column("VERSIONS", lambda item: str(item["versions"])),
        Column("LATEST", lambda item: item["latest"]["version"]),
        Column("KIND", lambda item: item["latest"]["kind"]),
        Column("TYPE", lambda item: item["latest"]["type"]),
        Column("SIZE", lambda item: _size(item["latest"])),
        Column("AGE", lambda item: age(item["latest"]["created_at"], now)),
        Column("BYTES", lambda item: _bytes(item["latest"]), wide=True),
        Column("RUN", lambda item: origin(item["latest"]), wide=True),
        Column("DIGEST", lambda item: item["latest"]["digest"], wide=True),
    ]


def version_columns(now: datetime) -> list[Column]:
    """The columns of a list of versions."""
    return [
        Column("NAME", lambda version: version["name"]),
        Column("VERSION", lambda version: version["version"]),
        Column("NUMBER", _number),
        Column("KIND", lambda version: version["kind"]),
        Column("TYPE", lambda version: version["type"]),
        Column("SIZE", _size),
        Column("MADE BY", origin),
        Column("AGE", lambda version: age(version["created_at"], now)),
        Column("BYTES", _bytes, wide=True),
        Column("TAGS", lambda version: ",".join(version["tags"]), wide=True),
        Column("FORMAT", lambda version: version["format"], wide=True),
        Column("ID", lambda version: version["id"], wide=True),
        Column("DIGEST", lambda version: version["digest"], wide=True),
    ]


def _number(version: Json) -> str:
    """Where it says more than the version does."""
    return str(version["number"]) if version["version_name"] else ""


def _size(version: Json) -> str:
    """How many bytes there are to load."""
    return "deleted" if version["bytes_deleted"] else size_text(version["size"])


def _bytes(version: Json) -> str:
    """Who deleted the bytes, and when; nothing where they are there."""
    return deletion_words(version["bytes_deleted"]) if version["bytes_deleted"] else ""


def origin(version: Json) -> str:
    """The run, and the step where there is one, that made a version."""
    step = version.get("step")
    if not version["run"]:
        return f"step {step} of a deleted run" if step else ""
    return f"{version['run']['name']}{f' {step}' if step else ''}"


def described_version(version: Json) -> str:
    """All about a version of an artifact."""
    facts = {
        "Artifact": version["name"],
        "Version": version["version"],
        "Number": version["number"],
        "ID": version["id"],
        "Kind": version["kind"],
        "Type": version["type"],
        "Format": version["format"],
        "Materializer": version["materializer"],
        "Pickled": "yes; loading it runs code" if version["pickled"] else None,
        "Size": size_text(version["size"]),
        "Bytes": _bytes(version) and f"{_bytes(version)}; only this record is left",
        "Digest": version["digest"],
        "URI": version["uri"],
        "Tags": ", ".join(version["tags"]),
        "Made by": origin(version),
        "Created": clock(version["created_at"]),
    }
    return sections([fields(facts), described_metadata(version["metadata"])])


def described_metadata(metadata: Json) -> str:
    """Metadata, the newest value of each key."""
    rows = [[key, canonical_json(value)] for key, value in metadata.items()]
    return section("Metadata", Table(["KEY", "VALUE"], rows))
