"""Events about a Run come once, whatever happens to the operator and its catalog between."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.domain.states import AttemptState, FailureCause, RunPhase, StepPhase
from lateen.planning.state import Attempt, Run, Step
from lateen.stores.catalog.operating import RunNow
from lateen_operator.checks import Rejected
from lateen_operator.known_run import Frozen, KnownRun
from lateen_operator.occurrences import Occurrence
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.showing import show, show_rejected, show_trouble
from lateen_operator.trouble import Trouble

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN = RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z")
SPEC = PipelineSpec("flow", (StepSpec("make", "make"), StepSpec("take", "take")))
DOWN = Trouble("CatalogUnavailable", "no answer")


@dataclass
class Operator:
    """The parts of one replica that show things, from its start on."""

    known: dict[str, KnownRun] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    written: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    told_first: bool = True
    """Whether all that a status says had been told when it was handed on."""

    def __post_init__(self) -> None:
        frozen = Frozen.of(SPEC)
        self.known["u1"] = KnownRun("u1", "one", frozen, {}, NOON, "tester")

    @property
    def parts(self) -> Parts:
        return cast(Parts, self)

    @property
    def writer(self) -> Operator:
        return self

    def last(self, uid: str) -> Mapping[str, Any] | None:
        return self.written.get(uid)

    def show(self, run: RunObject, status: Mapping[str, Any]) -> None:
        self.written[run.uid] = status
        self.told_first = self.told_first and bool(self.told)

    def tell(self, run: RunObject, occurrences: Iterable[Occurrence]) -> None:
        self.told += [each.reason for each in occurrences]

    def looks(self, run: RunObject) -> list[str]:
        """What is told after a look at a Run of which one step has failed."""
        failed = Attempt(1, AttemptState.FAILED, FailureCause.USER, NOON)
        steps = {"make": Step(StepPhase.FAILED, (failed,)), "take": Step()}
        words = {"make": ("ValueError", "no rows")}
        state = Run(Frozen.of(SPEC).plan, steps, RunPhase.RUNNING)
        show(self.parts, run, self.known["u1"], RunNow(state, (), words, None, None, None, NOON))
        return self.taken()

    def taken(self) -> list[str]:
        told, self.told = self.told, []
        return told


def test_after_an_outage_nothing_is_told_again_and_the_trouble_is_gone_from_the_status() -> None:
    operator = Operator()
    assert operator.looks(RUN) == ["Accepted", "ValueError"]
    before = operator.last("u1")
    show_trouble(operator.parts, RUN, DOWN)
    assert operator.last("u1") != before
    assert operator.looks(RUN) == []
    assert operator.last("u1") == before


def test_what_a_status_says_was_told_before_it_is_handed_on() -> None:
    first, other = Operator(), Operator()
    first.looks(RUN)
    show_rejected(other.parts, RUN, Rejected("PipelineNotFound", "there is none", final=False))
    assert (first.told_first, other.told_first) == (True, True)


def test_another_operator_tells_nothing_that_the_status_says_already() -> None:
    first = Operator()
    assert first.looks(RUN) == ["Accepted", "ValueError"]
    left = replace(RUN, status=json.dumps(first.last("u1")).encode())
    assert Operator().looks(left) == []
    second = Operator()
    show_trouble(second.parts, left, DOWN)
    assert second.looks(left) == []


def test_a_run_that_met_an_outage_before_it_was_accepted_is_told_of() -> None:
    operator = Operator()
    show_trouble(operator.parts, RUN, DOWN)
    assert operator.looks(RUN) == ["Accepted", "ValueError"]


def test_a_run_that_waits_for_its_pipeline_is_told_of_once() -> None:
    operator = Operator()
    for _ in range(3):
        missing = Rejected("PipelineNotFound", "there is no Pipeline 'x'", final=False)
        show_rejected(operator.parts, RUN, missing)
    assert operator.taken() == ["PipelineNotFound"]
