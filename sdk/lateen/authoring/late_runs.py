"""Late references to what past runs put out: ``pipeline("p").last_run.steps["s"].outputs["o"]``."""

from __future__ import annotations

from lateen.authoring.late_values import LateArtifact
from lateen.authoring.lateness import Late
from lateen.authoring.location import caller
from lateen.domain.errors import LateValueError
from lateen.domain.names import dns_name
from lateen.domain.references import RunOutput

LATEST_RUN = "latest"
LATEST_SUCCESSFUL_RUN = "latest-successful"
SINGLE_OUTPUT = "output"


class LatePipeline(Late):
    """A pipeline, asked for its past runs."""

    __slots__ = ("_name",)
    _name: str

    def __init__(self, name: str) -> None:
        super().__init__(_name=name)

    def _words(self) -> str:
        return f"the pipeline {self._name!r}"

    @property
    def last_run(self) -> LateRun:
        """The newest run, however it ended."""
        return LateRun(self._name, LATEST_RUN)

    @property
    def last_successful_run(self) -> LateRun:
        """The newest run that succeeded."""
        return LateRun(self._name, LATEST_SUCCESSFUL_RUN)


class LateRun(Late):
    """A past run, chosen when a step that takes an output of it starts."""

    __slots__ = ("_pipeline", "_select")
    _pipeline: str
    _select: str

    def __init__(self, pipeline: str, select: str) -> None:
        super().__init__(_pipeline=pipeline, _select=select)

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
        step, run = self._step, self._step._run
        return LateArtifact(
            RunOutput(run._pipeline, run._select, dns_name(step._name), _checked_name(self, key))
        )


def _checked_name(late: Late, name: object) -> str:
    if isinstance(name, str):
        return name
    raise LateValueError(f"{late!r} are indexed by name, not by {name!r}", caller())
