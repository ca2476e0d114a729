"""How commands delete: show what would go, ask, delete, say what was kept and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from lateen.cli.confirmation import confirm
from lateen.cli.output import Json, output_option, show_data
from lateen.cli.render_deletion import described_deletion, question
from lateen.client.transport import current

Described = Callable[[Json], str]


@dataclass(frozen=True, slots=True)
class Way:
    """How to go about a deletion."""

    dry_run: bool
    yes: bool
    form: str


def deletion_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--dry-run``, ``--yes`` and ``-o``, which the command takes as its ``way``."""

    @wraps(command)
    def call(*arguments: Any, dry_run: bool, yes: bool, form: str, **options: Any) -> None:
        command(*arguments, way=Way(dry_run, yes, form), **options)

    dry_run = click.option("--dry-run", is_flag=True, help="Show what would go, delete nothing.")
    yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    return dry_run(yes(output_option("text", "json", "yaml", "name")(call)))


def delete(
    operation: str, way: Way, described: Described = described_deletion, **arguments: Any
) -> Json:
    """Carries out an operation that deletes; what it answered, which is shown."""
    if not way.dry_run and not way.yes:
        plan: Json = current().call(operation, dry_run=True, **arguments)
        if not plan["deleted"]:
            return _shown(plan, way.form, described)
        click.echo(described(plan), err=True)
        confirm(question(plan))
    found: Json = current().call(operation, dry_run=way.dry_run, **arguments)
    return _shown(found, way.form, described)


def _shown(found: Json, form: str, described: Described) -> Json:
    if form == "text":
        click.echo(described(found))
    elif form == "name":
        for each in found["deleted"]:
            click.echo(f"{found['kind']}/{each['what'].replace(' ', '@', 1)}")
    else:
        show_data(found, form)
    return found
