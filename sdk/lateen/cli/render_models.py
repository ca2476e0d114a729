"""Models and their versions as tables and descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lateen.cli.output import Column, Json, table
from lateen.cli.render_artifacts import described_metadata, origin, version_columns
from lateen.cli.render_history import newest_stage_events
from lateen.cli.tables import fields, section, sections
from lateen.cli.times import age, clock


def model_name(model: Json) -> str:
    """A model for ``-o name``."""
    return f"model/{model['name']}"


def model_version_name(version: Json) -> str:
    """A model version for ``-o name``."""
    return f"model/{version['name']}@{version['version']}"


def model_columns(now: datetime) -> list[Column]:
    """The columns of a list of models."""
    return [
        Column("NAME", lambda model: model["name"]),
        Column("VERSIONS", lambda model: str(model["versions"])),
        Column("LATEST", lambda model: _latest(model["latest"])),
        Column("PRODUCTION", lambda model: model["production"] or "-"),
        Column("STAGING", lambda model: model["staging"] or "-"),
        Column("AGE", lambda model: age(model["latest"]["created_at"], now)),
        Column("MADE BY", lambda model: origin(model["latest"]), wide=True),
        Column("PROTECTED", lambda model: ", ".join(model["protected"]), wide=True),
    ]


def _latest(version: Json) -> str:
    return version["version"] if version["status"] == "ready" else "-"


def model_version_columns(now: datetime) -> list[Column]:
    """The columns of a list of model versions."""
    return [
        Column("NAME", lambda version: version["name"]),
        Column("VERSION", lambda version: version["version"]),
        Column("STAGE", lambda version: "" if version["stage"] == "none" else version["stage"]),
        Column("STATUS", lambda version: version["status"]),
        Column("MADE BY", origin),
        Column("AGE", lambda version: age(version["created_at"], now)),
        Column("NUMBER", lambda version: str(version["number"]), wide=True),
        Column("TAGS", lambda version: ",".join(version["tags"]), wide=True),
        Column("ID", lambda version: version["id"], wide=True),
    ]


def described_model(
    versions: Sequence[Json], protected: Sequence[str], events: Sequence[Json], now: datetime
) -> str:
    """All about a model: its versions, where they stand, and the newest changes of that."""
    first = versions[0]
    standing = {version["stage"]: version["version"] for version in versions}
    facts = {
        "Model": first["name"],
        "Description": first["description"],
        "Production": standing.get("production"),
        "Staging": standing.get("staging"),
        "Protected": ", ".join(protected),
    }
    columns = model_version_columns(now)
    return sections(
        [
            fields(facts),
            section("Versions", table(versions, columns, wide=True)),
            newest_stage_events(events),
        ]
    )


def described_model_version(
    version: Json, artifacts: Sequence[Json], events: Sequence[Json], now: datetime
) -> str:
    """All about a version of a model."""
    facts = {
        "Model": version["name"],
        "Version": version["version"],
        "Number": version["number"],
        "ID": version["id"],
        "Stage": version["stage"],
        "Status": version["status"],
        "Description": version["description"],
        "Tags": ", ".join(version["tags"]),
        "Made by": origin(version),
        "Created": clock(version["created_at"]),
    }
    return sections(
        [
            fields(facts),
            section("Artifacts", table(artifacts, version_columns(now))),
            newest_stage_events(events),
            described_metadata(version["metadata"]),
        ]
    )
