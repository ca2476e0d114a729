"""Asks before something is deleted; where nobody can be asked, only ``--yes`` will do."""

from __future__ import annotations

import sys

import click


def confirm(question: str) -> None:
    """Goes on where a person agrees; raises Abort where not, UsageError where none can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError(
            "nobody can be asked here: add --yes to delete this, or --dry-run to look at it"
        )
    click.confirm(question, abort=True, err=True)
