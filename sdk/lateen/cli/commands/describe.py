"""`lateen describe`: show all about one run, artifact, model or pipeline."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lateen.cli import kinds
from lateen.cli.commands.get import pipeline_named, versions_of_model
from lateen.cli.kinds import Kind, bare, kind_argument, split_name
from lateen.cli.render_artifacts import described_version
from lateen.cli.render_models import described_model, described_model_version
from lateen.cli.render_pipelines import described_pipeline
from lateen.cli.render_runs import described_run
from lateen.client.transport import current

NEWEST = 10
"""So many runs of a pipeline, or stage changes of a model."""


@click.command()
@kind_argument
@click.argument("name")
def describe(kind: Kind, name: str) -> None:
    """Show all about the run, artifact, model or pipeline NAME.

    NAME@VERSION is a version of an artifact or of a model; an artifact without one is its latest.
    """
    now = datetime.now(UTC)
    name = bare(name, kind)
    if kind is kinds.RUN:
        run = current().call("run", name=name)
        click.echo(described_run(run, current().call("receipts", run=run["id"]), now))
    elif kind is kinds.ARTIFACT:
        base, version = split_name(name)
        found = current().call("artifact_version", name=base, version=version)
        click.echo(described_version(found))
    elif kind is kinds.MODEL:
        click.echo(_model(name, now))
    else:
        click.echo(_pipeline(name, now))


def _model(name: str, now: datetime) -> str:
    base, version = split_name(name)
    if version is None:
        versions = versions_of_model(base)
        events = current().call("stage_history", model=base, limit=NEWEST)
        return described_model(versions, _protected(base), events, now)
    found = current().call("model_version", name=base, version=version)
    artifacts = current().call("model_artifacts", model_version=found["id"])
    events = current().call("stage_history", model=base)
    own = [event for event in events if event["number"] == found["number"]]
    return described_model_version(found, artifacts, own[-NEWEST:], now)


def _protected(model: str) -> list[str]:
    models = current().call("models")
    return [stage for found in models if found["name"] == model for stage in found["protected"]]


def _pipeline(name: str, now: datetime) -> str:
    pipeline = pipeline_named(name, current().call("pipelines"))
    runs = current().call("runs", pipeline=name, limit=NEWEST, newest_first=True)
    return described_pipeline(pipeline, runs, now)
