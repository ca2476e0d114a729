"""What follows an attempt that failed in a cluster, as its catalog tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lateen.domain.errors import LateenError
from lateen.planning.decide import tried_again
from lateen.planning.state import Run
from lateen.stores.catalog.catalog import Catalog
from lateen.workspace.retrials import retrial_words


def looked_up(catalog: Callable[[], Catalog], run: str, step: str, attempt: int) -> str | None:
    """What follows an attempt of a run, in words; None where nothing does, or nobody can tell."""
    try:
        state = catalog().runs.load(run).state
    except LateenError:
        return None  # what is followed goes on without the catalog
    return after(state, step, attempt)


def after(state: Run, step: str, attempt: int) -> str | None:
    """What follows an attempt that failed, though the run may have come further by now."""
    found = state.steps[step]
    failed = replace(found, attempts=found.attempts[:attempt])
    again = tried_again(state.with_step(step, failed), step)
    return None if again is None else retrial_words(again)
