"""What the command says and how it exits when something goes wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lateen.domain.errors import LateenError, RunFailed, UserError

RUN_FAILED = 1
USAGE = 2
INTERRUPTED = 130


@contextmanager
def reported(ctx: click.Context, *, debug: bool) -> Iterator[None]:
    """Let errors end the command with a message; with ``debug`` they pass through."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        ctx.exit(INTERRUPTED)
    except Exception as error:
        if debug or os.environ.get("LATEEN_DEBUG"):
            raise
        click.echo(message(error), err=True)
        ctx.exit(exit_code(error))


def message(error: Exception) -> str:
    """An error as people read it."""
    if isinstance(error, LateenError):
        return f"error: {error}"
    return (
        f"error: {type(error).__name__}: {error}\n"
        "this was not foreseen; `lateen --debug ...` shows where it comes from"
    )


def exit_code(error: Exception) -> int:
    """2 where the caller can mend it, 1 for a failed run and whatever else went wrong."""
    if isinstance(error, RunFailed):
        return RUN_FAILED
    return USAGE if isinstance(error, UserError) else RUN_FAILED
