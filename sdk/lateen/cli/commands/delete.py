"""`lateen delete`: delete a run, a pipeline, a model or an artifact that nothing needs."""

from __future__ import annotations

import click

from lateen import targets
from lateen.cli import kinds
from lateen.cli.deleting import Way, deletion_options
from lateen.cli.deleting import delete as deleted
from lateen.cli.kinds import Kind, bare, kind_argument, split_name
from lateen.client.transport import current
from lateen.domain.names import version_text


@click.command()
@kind_argument
@click.argument("name")
@click.option("--version", help="One version of an artifact or a model; all, where none is given.")
@click.option(
    "--force",
    is_flag=True,
    help="Delete even what bears a tag, has a history of stages, or is a pipeline's last success.",
)
@deletion_options
@click.pass_context
def delete(
    ctx: click.Context,
    kind: Kind,
    name: str,
    version: str | None,
    force: bool,
    way: Way,
) -> None:
    """Delete the run, pipeline, model or artifact NAME, as far as nothing needs it.

    NAME@VERSION is one version. What a run, a model, a stage or a later run's inputs need is kept,
    and the reasons are shown; the exit code is 1 then. Deleting a run releases what it made: those
    artifact versions stay until `lateen artifact prune`. Deleting a pipeline deletes its runs.
    """
    base = bare(name, kind)
    if kind in (kinds.ARTIFACT, kinds.MODEL):
        base, version = _one_version(base, version)
    remaining = _in_cluster(base) if kind is kinds.RUN and not way.dry_run else None
    found = deleted(
        "delete",
        way,
        kind=kind.name,
        name=base,
        version=None if version is None else version_text(version),
        force=force,
    )
    if remaining and found["deleted"]:
        click.echo(
            "its object in the cluster stays: kubectl delete run.lateen.dev"
            f" {remaining} -n NAMESPACE",
            err=True,
        )
    if found["kept"]:
        ctx.exit(1)


def _one_version(name: str, option: str | None) -> tuple[str, str | None]:
    """The name, and the version that it or the option bears; a usage error where both do."""
    base, version = split_name(name)
    if version is not None and option is not None:
        raise click.UsageError(
            f"the version stands twice, in {name!r} and in --version {option}; leave one out"
        )
    return base, version or option


def _in_cluster(name: str) -> str | None:
    """The name of a run's object in a cluster; None where it has none."""
    run = current().call("run", name=name)
    return str(run["name"]) if run["target"] == targets.CLUSTER else None
