"""Late references to what past runs put out: ``pipeline("p").last_run.steps["s"].outputs["o"]``."""

from __future__ import annotations

from typing import Any

from lateen.authoring.late_values import LateArtifact
from lateen.authoring.lateness import Late
from lateen.authoring.location import caller
from lateen.authoring.rules import NO_RULES, Rules, checked_default
from lateen.domain.errors import LateValueError
from lateen.domain.names import LATEST, dns_name
from lateen.domain.references import LATEST_SUCCESSFUL, RunOutput

SINGLE_OUTPUT = "output"


class LatePipeline(Late):
    """A pipeline, asked for its past runs."""

    __slots__ = ("_name", "_rules")
    _name: str
    _rules: Rules

    def __init__(self, name: str, rules: Rules = NO_RULES) -> None:
        super().__init__(_name=name, _rules=rules)

    def _words(self) -> str:
        return f"the pipeline {self._name!r}"

    @property
    def last_run(self) -> LateRun:
        """The newest run, however it ended, but for the one that asks."""
        return LateRun(self._name, LATEST, self._rules)

    @property
    def last_successful_run(self) -> LateRun:
        """The newest run that succeeded."""
        return LateRun(self._name, LATEST_SUCCESSFUL, self._rules)


class LateRun(Late):
    """A past run, chosen when a step that takes an output of it starts."""

    __slots__ = ("_pipeline", "_rules", "_select")
    _pipeline: str
    _select: str
    _rules: Rules

    def __init__(self, pipeline: str, select: str, rules: Rules) -> None:
        super().__init__(_pipeline=pipeline, _select=select, _rules=rules)

    def _words(self) -> str:
        return f"the {self._select} run of the pipeline {self._pipeline!r}"

    @property
    def steps(self) -> LateRunSteps:
        """Its steps, by name."""
        return LateRunSteps(self)


class LateRunSteps(Late):
    """The steps of a past run; index them by name."""

    __slots__ = ("_run",)
    _run: LateRun

    def __init__(self, run: LateRun) -> None:
        super().__init__(_run=run)

    def _words(self) -> str:
        return f"steps of {self._run._words()}"

    def __getitem__(self, name: str) -> LateRunStep:
        return LateRunStep(self._run, _checked_name(self, name))


class LateRunStep(Late):
    """A step of a past run."""

    __slots__ = ("_name", "_run")
    _run: LateRun
    _name: str

    def __init__(self, run: LateRun, name: str) -> None:
        super().__init__(_run=run, _name=name)

    def _words(self) -> str:
        return f"the step {self._name!r} of {self._run._words()}"

    @property
    def outputs(self) -> LateRunOutputs:
        """Its outputs, by key."""
        return LateRunOutputs(self)

    @property
    def output(self) -> LateArtifact:
        """The output of a step that has one, without a name."""
        return self.outputs[SINGLE_OUTPUT]


class LateRunOutputs(Late):
    """The outputs of a step of a past run; index them by key."""

    __slots__ = ("_step",)
    _step: LateRunStep

    def __init__(self, step: LateRunStep) -> None:
        super().__init__(_step=step)

    def _words(self) -> str:
        return f"outputs of {self._step._words()}"

    def __getitem__(self, key: str) -> LateArtifact:
        return self._output(key, self._step._run._rules)

    def get(self, key: str, default: Any = None) -> LateArtifact:
        """The output, or the default where there is no such run or output."""
        rules = self._step._run._rules.with_default(checked_default(default))
        return self._output(key, rules)

    def _output(self, key: str, rules: Rules) -> LateArtifact:
        step, run = self._step, self._step._run
        reference = RunOutput(
            run._pipeline, run._select, dns_name(step._name), _checked_name(self, key)
        )
        return LateArtifact(reference, rules)


def _checked_name(late: Late, name: object) -> str:
    if isinstance(name, str):
        return name
    raise LateValueError(f"{late!r} are indexed by name, not by {name!r}", caller())
