"""What the body of a pipeline may ask about the pipeline itself."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.authoring.composition import Composition, composing
from lateen.authoring.late_models import LateModelVersion
from lateen.authoring.location import caller
from lateen.domain.errors import CompileError, StepContextError


@dataclass(frozen=True, slots=True)
class PipelineContext:
    """What a body may ask about its own pipeline."""

    name: str
    """The name of the pipeline; in an inlined one, that of the outermost."""
    _composition: Composition

    @property
    def model(self) -> LateModelVersion:
        """The version of the pipeline's model that each step will have; nothing is read yet.

        Raises CompileError where the pipeline has no model.
        """
        model, reference = self._composition.frame.model, self._composition.own_version()
        if model is None or reference is None:
            raise CompileError(
                f"the pipeline {self.name!r} has no model; give it one:"
                ' @pipeline(model=Model("name", version=...))',
                caller(),
            )
        return LateModelVersion(reference, model.name)


def get_pipeline_context() -> PipelineContext:
    """The context of the pipeline whose body is running; StepContextError outside of one."""
    composition = composing()
    if composition is None:
        raise StepContextError(
            "get_pipeline_context() works in a pipeline's body alone, while it is compiled;"
            " in a step, get_step_context() has the run and its model"
        )
    return PipelineContext(composition.pipeline, composition)
