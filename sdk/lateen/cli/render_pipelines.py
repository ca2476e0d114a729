"""Pipelines as tables and descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lateen.cli.output import Column, Json, table
from lateen.cli.render_runs import run_columns
from lateen.cli.tables import fields, section, sections
from lateen.cli.times import age


def pipeline_name(pipeline: Json) -> str:
    """A pipeline for ``-o name``."""
    return f"pipeline/{pipeline['name']}"


def pipeline_columns(now: datetime) -> list[Column]:
    """The columns of a list of pipelines."""
    return [
        Column("NAME", lambda item: item["name"]),
        Column("RUNS", lambda item: str(item["runs"])),
        Column("LAST RUN", lambda item: _last(item, "name")),
        Column("STATUS", lambda item: _last(item, "status")),
        Column("AGE", lambda item: age(_last(item, "created_at") or None, now)),
    ]


def _last(item: Json, field: str) -> str:
    last = item["last_run"]
    return str(last[field]) if last else ""


def described_pipeline(pipeline: Json, runs: Sequence[Json], now: datetime) -> str:
    """All about a pipeline: its newest runs."""
    facts = {"Pipeline": pipeline["name"], "Runs": pipeline["runs"]}
    return sections([fields(facts), section("Newest runs", table(runs, run_columns(now)))])
