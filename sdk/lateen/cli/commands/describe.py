"""`lateen describe`: show all about one run, artifact, model or pipeline."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lateen.cli import kinds
from lateen.cli.commands.get import pipeline_named, versions_of_model
from lateen.cli.kinds import Kind, bare, kind_argument, split_name
from lateen.cli.output import Json, output_option, show_data
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
@output_option("table", "json", "yaml")
def describe(kind: Kind, name: str, form: str) -> None:
    """Show all about the run, artifact, model or pipeline NAME.

    NAME@VERSION is a version of an artifact or of a model; an artifact without one is its latest.
    As JSON or YAML each step of a run has all that `lateen why` tells of it.
    """
    name = bare(name, kind)
    if form == "table":
        click.echo(_text(kind, name, datetime.now(UTC)))
    else:
        show_data(_run_with_steps(name) if kind is kinds.RUN else _data(kind, name), form)


def _text(kind: Kind, name: str, now: datetime) -> str:
    found = _data(kind, name)
    if kind is kinds.RUN:
        return described_run(found, current().call("receipts", run=found["id"]), now)
    if kind is kinds.ARTIFACT:
        return described_version(found)
    if kind is kinds.PIPELINE:
        return described_pipeline(found, found["newest_runs"], now)
    if "versions" in found:
        protected, events = found["protected"], found["stage_history"]
        return described_model(found["versions"], protected, events, now)
    return described_model_version(found, found["artifacts"], found["stage_history"], now)


def _data(kind: Kind, name: str) -> Json:
    """The object of the wire protocol, with what belongs to it."""
    if kind is kinds.RUN:
        run: Json = current().call("run", name=name)
        return run
    if kind is kinds.PIPELINE:
        pipeline = pipeline_named(name, current().call("pipelines"))
        runs = current().call("runs", pipeline=name, limit=NEWEST, newest_first=True)
        return {**pipeline, "newest_runs": runs}
    base, version = split_name(name)
    if kind is kinds.ARTIFACT:
        found: Json = current().call("artifact_version", name=base, version=version)
        return found
    return _model(base) if version is None else _model_version(base, version)


def _run_with_steps(name: str) -> Json:
    """A run, each step with its receipts: the references to its own steps among them."""
    run = _data(kinds.RUN, name)
    steps = [current().call("step", run=run["id"], step=step["name"]) for step in run["steps"]]
    return {**run, "steps": steps}


def _model(name: str) -> Json:
    versions = versions_of_model(name)
    return {
        "name": name,
        "protected": _protected(name),
        "versions": versions,
        "stage_history": current().call("stage_history", model=name, limit=NEWEST),
    }


def _model_version(name: str, version: str) -> Json:
    found = current().call("model_version", name=name, version=version)
    artifacts = current().call("model_artifacts", model_version=found["id"])
    events = current().call("stage_history", model=name)
    own = [event for event in events if event["number"] == found["number"]]
    return {**found, "artifacts": artifacts, "stage_history": own[-NEWEST:]}


def _protected(model: str) -> list[str]:
    models = current().call("models", name=model)
    return [stage for found in models for stage in found["protected"]]
