"""Which step of a run is meant where none is named."""

from __future__ import annotations

from typing import Any

import click


def step_of(run: Any, named: str | None) -> str:
    """The step that was named, or the only one; a usage error lists them where there are more."""
    if named is not None:
        return named
    steps = run["steps"]
    if len(steps) == 1:
        return str(steps[0]["history_name"])
    if not steps:
        raise click.UsageError(f"the run {run['name']} has no steps")
    listed = "".join(f"\n  {step['history_name']}  {step['status']}" for step in steps)
    raise click.UsageError(f"say which step of {run['name']} is meant:{listed}")
