"""A group whose commands load when they are called, so that help is quick."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from lateen.cli.reporting import reported
from lateen.domain.names import did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command lives, and its line in the help."""

    path: str
    """``module:name``."""
    help: str

    def load(self) -> click.Command:
        module, name = self.path.split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


class LazyGroup(click.Group):
    """Knows its commands by name alone, and turns errors into messages."""

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order in which people need them."""
        return list(self._lazy)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name, loaded now."""
        found = self._lazy.get(cmd_name)
        return found.load() if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, but naming the nearest command."""
        if args and not args[0].startswith("-") and args[0] not in self._lazy:
            near = nearest(args[0], self._lazy)
            hint = did_you_mean(args[0], near) if near else f"; there is {', '.join(self._lazy)}"
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """The list of commands, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self._lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes a message and an exit code."""
        if "NO_COLOR" in os.environ:
            ctx.color = False
        with reported(ctx, debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)
