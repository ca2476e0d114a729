"""What is found about an attempt from its Pod: its end, or what keeps it from starting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, FailureCause
from lateen_operator.pods.settings import PodSettings
from lateen_operator.pods.view import PodView

LONGEST_DETAIL = 400
"""Characters of what somebody else wrote, in a message of ours."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt, as its row in the catalog shows it."""

    state: AttemptState
    opened_at: datetime
    began_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether its end is still open."""
        return self.state in (AttemptState.OPEN, AttemptState.BEGAN)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict is made from."""

    pod: PodView
    attempt: Attempt
    step: StepSpec
    settings: PodSettings
    now: datetime
    before: Shown | None = None
    """What was last found to keep the Pod from starting."""

    @property
    def start_by(self) -> datetime:
        """By when user code is to begin."""
        own = self.step.start_timeout
        return self.attempt.opened_at + timedelta(
            seconds=self.settings.start_timeout if own is None else own
        )


@dataclass(frozen=True, slots=True)
class End:
    """How the attempt ended, for its row, the status and an Event."""

    cause: FailureCause
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is to be said before then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What keeps the Pod from starting, or from going on."""

    reason: str
    message: str
    stays: bool = False
    """Whether another attempt would run into the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from how a Pod stands."""

    end: End | None = None
    """The attempt is over: its row is to be closed."""
    shown: Shown | None = None
    """It goes on, but something is in its way."""
    wake_at: datetime | None = None
    """When to look again though nothing has changed."""
    delete: bool = False
    """Whether the Pod is to be deleted, after the row was closed."""


def infrastructure(reason: str, message: str) -> End:
    """An end that is not the step's own doing."""
    return End(FailureCause.INFRASTRUCTURE, reason, message)


def not_started(shown: Shown, words: str = "") -> End:
    """The end of an attempt that could not start; another follows where it would help."""
    cause = FailureCause.NOT_STARTED if shown.stays else FailureCause.INFRASTRUCTURE
    return End(cause, shown.reason, f"{words}: {shown.message}" if words else shown.message)


def cut(text: str) -> str:
    """What somebody else wrote as one line that a message can hold."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def last_line(text: str) -> str:
    """The last line that says something: of a log, the error."""
    lines = [line for line in text.splitlines() if line.strip()]
    return cut(lines[-1]) if lines else ""


def with_detail(words: str, detail: str) -> str:
    """``words: detail``, or the words alone."""
    return f"{words}: {detail}" if detail else words
