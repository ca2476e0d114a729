"""What happened to the stages of models, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from lateen.cli.output import Column, Json, table
from lateen.cli.tables import section
from lateen.cli.times import clock


def stage_event_name(event: Json) -> str:
    """An event by the id that ``as_of`` takes."""
    return str(event["id"])


def stage_event_columns() -> list[Column]:
    """The columns of a list of stage events."""
    return [
        Column("WHEN", lambda event: clock(event["at"])),
        Column("VERSION", lambda event: event["version"]),
        Column("FROM", lambda event: event["from"]),
        Column("TO", lambda event: event["to"]),
        Column("BY", lambda event: event["by"] or ""),
        Column("RUN", _run),
        Column("STEP", lambda event: event["step"] or ""),
        Column("NUMBER", lambda event: str(event["number"]), wide=True),
        Column("EVENT", stage_event_name, wide=True),
    ]


def _run(event: Json) -> str:
    """The run of the step that did it; what a step did outlives its run."""
    if event["run"]:
        return str(event["run"]["name"])
    return "(deleted)" if event["step"] else ""


def newest_stage_events(events: Sequence[Json]) -> str:
    """Events of a description, the newest first."""
    return section("Newest stage changes", table(events[::-1], stage_event_columns()))
