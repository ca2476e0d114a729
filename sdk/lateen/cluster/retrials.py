"""What follows an attempt that failed in a cluster, as its catalog tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lateen.domain.errors import CatalogUnavailable, LateenError
from lateen.planning.decide import tried_again
from lateen.planning.state import Run
from lateen.stores.catalog.catalog import Catalog
from lateen.workspace.retrials import retrial_words


@dataclass(slots=True)
class Retrials:
    """What follows the failed attempts of a run that is followed."""

    catalog: Callable[[], Catalog]
    run: str
    away: bool = False
    """Whether the catalog did not answer: who follows would wait for it with each attempt."""

    def looked_up(self, step: str, attempt: int) -> str | None:
        """What follows an attempt, in words; None where nothing does, or nobody can tell."""
        if self.away:
            return None
        try:
            state = self.catalog().runs.load(self.run).state
        except CatalogUnavailable:
            self.away = True
            return None
        except LateenError:
            return None  # what is followed goes on without the catalog
        return after(state, step, attempt)


def after(state: Run, step: str, attempt: int) -> str | None:
    """What follows an attempt that failed, though the run may have come further by now."""
    found = state.steps[step]
    failed = replace(found, attempts=found.attempts[:attempt])
    again = tried_again(state.with_step(step, failed), step)
    return None if again is None else retrial_words(again)
