"""`lateen get`: list runs, artifacts, models or pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from lateen.cli import kinds
from lateen.cli.kinds import Kind, bare, kind_argument, name_of, split_name
from lateen.cli.output import Json, output_option, show, show_one
from lateen.cli.render_artifacts import (
    artifact_columns,
    artifact_name,
    version_columns,
    version_name,
)
from lateen.cli.render_models import (
    model_columns,
    model_name,
    model_version_columns,
    model_version_name,
)
from lateen.cli.render_pipelines import pipeline_columns, pipeline_name
from lateen.cli.render_runs import run_columns, run_name
from lateen.client.transport import current
from lateen.domain.errors import NotFoundError
from lateen.domain.names import did_you_mean
from lateen.domain.states import RunPhase


@dataclass(frozen=True, slots=True)
class Filters:
    """Which runs to list."""

    pipeline: str | None
    status: str | None
    limit: int | None


@click.command("get")
@kind_argument
@click.argument("name", required=False)
@click.option("--pipeline", callback=name_of(kinds.PIPELINE), help="Runs of this pipeline.")
@click.option(
    "--status",
    type=click.Choice([phase.value for phase in RunPhase], case_sensitive=False),
    help="Runs in this state.",
)
@click.option("--limit", type=click.IntRange(min=1), help="So many runs, the newest.")
@output_option()
def get(
    kind: Kind,
    name: str | None,
    pipeline: str | None,
    status: str | None,
    limit: int | None,
    form: str,
) -> None:
    """List KIND: runs, artifacts, models or pipelines, newest first.

    With NAME: one run or pipeline, or the versions of one artifact or model; NAME@VERSION is one
    version.
    """
    now = datetime.now(UTC)
    name = None if name is None else bare(name, kind)
    if kind is kinds.RUN:
        _get_runs(name, Filters(pipeline, status, limit), now, form)
    elif pipeline or status or limit:
        raise click.UsageError("--pipeline, --status and --limit go with runs alone")
    elif kind is kinds.ARTIFACT:
        _get_artifacts(name, now, form)
    elif kind is kinds.MODEL:
        _get_models(name, now, form)
    else:
        _get_pipelines(name, now, form)


def _get_runs(name: str | None, filters: Filters, now: datetime, form: str) -> None:
    columns = run_columns(now)
    if name is not None:
        show_one(current().call("run", name=name), columns, run_name, form)
        return
    found = current().call(
        "runs",
        pipeline=filters.pipeline,
        status=filters.status,
        limit=filters.limit,
        newest_first=True,
    )
    show(found, columns, run_name, form)


def _get_artifacts(name: str | None, now: datetime, form: str) -> None:
    if name is None:
        show(current().call("artifacts"), artifact_columns(now), artifact_name, form)
        return
    base, version = split_name(name)
    if version is not None:
        found = current().call("artifact_version", name=base, version=version)
        show_one(found, version_columns(now), version_name, form)
        return
    versions = current().call("artifact_versions", name=base)
    if not versions:
        # By id or a prefix of one; else the error that names the nearest.
        versions = [current().call("artifact_version", name=base)]
    show(versions, version_columns(now), version_name, form)


def _get_models(name: str | None, now: datetime, form: str) -> None:
    if name is None:
        show(current().call("models"), model_columns(now), model_name, form)
        return
    base, version = split_name(name)
    columns = model_version_columns(now)
    if version is not None:
        found = current().call("model_version", name=base, version=version)
        show_one(found, columns, model_version_name, form)
    else:
        show(versions_of_model(base), columns, model_version_name, form)


def versions_of_model(name: str) -> list[Json]:
    """The versions of a model; NotFoundError with the nearest name where there is none."""
    found: list[Json] = current().call("model_versions", name=name)
    return found or [current().call("model_version", name=name)]


def _get_pipelines(name: str | None, now: datetime, form: str) -> None:
    pipelines: Sequence[Json] = current().call("pipelines")
    if name is None:
        show(pipelines, pipeline_columns(now), pipeline_name, form)
        return
    show_one(pipeline_named(name, pipelines), pipeline_columns(now), pipeline_name, form)


def pipeline_named(name: str, pipelines: Sequence[Json]) -> dict[str, Any]:
    """The pipeline of that name; NotFoundError with the nearest one."""
    for pipeline in pipelines:
        if pipeline["name"] == name:
            return pipeline
    known = [pipeline["name"] for pipeline in pipelines]
    raise NotFoundError(f"there is no pipeline {name!r}{did_you_mean(name, known)}")
