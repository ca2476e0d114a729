"""What may be deleted, and what is kept and why: decided from what needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class NeedKind(StrEnum):
    """Why something is needed."""

    OUTPUT = "output"
    """A run put it out, or saved it in a step."""
    INPUT = "input"
    """A run had it as an input, or looked it up."""
    FIXED = "fixed"
    """A run or its replay will resolve a reference to it."""
    PENDING = "pending"
    """A run that has not finished names it."""
    UPLOADING = "uploading"
    """Somebody is about to submit a run with it."""
    LINK = "link"
    """A model version has it."""
    STAGE = "stage"
    """It stands in staging or production, or it made what stands there."""
    MODEL = "model"
    """A run made this model version or works with it."""
    UNFINISHED = "unfinished"
    """It is a run that goes on."""
    HISTORY = "history"
    """The history of stages tells of it."""
    NEWEST_SUCCESS = "newest-success"
    """References to the last successful run of a pipeline mean it."""
    TAG = "tag"
    """It bears a tag."""
    RECENT = "recent"
    """It is among what a retention keeps."""


_WORDS = {
    NeedKind.OUTPUT: "output of run {}",
    NeedKind.INPUT: "input of run {}",
    NeedKind.FIXED: "fixed as an input of run {}",
    NeedKind.PENDING: "named by run {}, which has not finished",
    NeedKind.UPLOADING: "brought by a caller just now",
    NeedKind.LINK: "in model {}",
    NeedKind.STAGE: "{}",
    NeedKind.MODEL: "model of run {}",
    NeedKind.UNFINISHED: "not finished: {}",
    NeedKind.HISTORY: "in the history of {}",
    NeedKind.NEWEST_SUCCESS: "newest success of the pipeline {}",
    NeedKind.TAG: "tagged {}",
    NeedKind.RECENT: "{}",
}
FORCEABLE = {NeedKind.HISTORY, NeedKind.NEWEST_SUCCESS, NeedKind.TAG}
"""Needs that no record depends on, so that a person may decide otherwise."""


@dataclass(frozen=True, slots=True)
class Need:
    """One reason to keep something."""

    kind: NeedKind
    subjects: tuple[str, ...] = ()
    """What needs it: names of runs, models, tags; the first few."""
    total: int = 1
    """How many there are in all."""

    @property
    def words(self) -> str:
        """``output of run a, b and 7 more``."""
        more = self.total - len(self.subjects)
        shown = ", ".join(self.subjects) + (f" and {more} more" if more > 0 else "")
        return _WORDS[self.kind].format(shown)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could be deleted, with all that needs it."""

    id: str
    what: str
    """For people: ``iris 3``."""
    needs: tuple[Need, ...] = ()

    @property
    def why(self) -> str:
        """All needs in words."""
        return "; ".join(need.words for need in self.needs)

    @property
    def forceable(self) -> bool:
        """Whether a person who insists may delete it nevertheless."""
        return all(need.kind in FORCEABLE for need in self.needs)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What goes, and what is kept because something needs it."""

    going: tuple[Candidate, ...] = ()
    kept: tuple[Candidate, ...] = ()

    @property
    def ids(self) -> list[str]:
        """The ids of what goes."""
        return [candidate.id for candidate in self.going]

    def __add__(self, other: Deletion) -> Deletion:
        return Deletion(self.going + other.going, self.kept + other.kept)


def decide_deletion(candidates: Iterable[Candidate], force: bool = False) -> Deletion:
    """Nothing goes that anything needs; ``force`` passes over needs that no record depends on."""
    going: list[Candidate] = []
    kept: list[Candidate] = []
    for candidate in candidates:
        goes = candidate.forceable if force else not candidate.needs
        (going if goes else kept).append(candidate)
    return Deletion(tuple(going), tuple(kept))
