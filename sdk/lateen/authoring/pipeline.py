"""Pipelines: functions whose bodies say which steps there are, and what flows between them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Unpack, cast, overload

from lateen.authoring import arguments
from lateen.authoring.body import Body
from lateen.authoring.checks import check_function, named_parameters
from lateen.authoring.composition import Composition, Frame, composing, leaves_out
from lateen.authoring.location import caller
from lateen.authoring.options import PipelineCallOptions, PipelineOptions, PipelineSettings
from lateen.authoring.step import Step
from lateen.authoring.target import current_target
from lateen.domain.errors import CompileError, InvalidNameError
from lateen.domain.names import check_name
from lateen.domain.parameters import bound
from lateen.domain.placeholders import placeholders

if TYPE_CHECKING:  # an import of a user's pipelines stays quick without what compiling needs
    from lateen.authoring.compiled import CompiledPipeline

P = ParamSpec("P")


class Pipeline(Generic[P]):
    """A function that compiles to a pipeline, and runs as one where it is called."""

    def __init__(self, function: Callable[P, Any], settings: PipelineSettings) -> None:
        self.function = function
        self.settings = settings
        self._body = Body(function, settings)
        self._parameters = named_parameters(cast(FunctionType, function), "pipeline")
        self._check_names()
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run on the current target, follow, and return the finished run.

        In another pipeline's body the steps become a part of that one, and what this body returns
        is returned; the model, parameters and policies of the outer one hold. Raises RunFailed
        where the run does not succeed; CompileError and ParameterError before it starts.
        """
        composition = composing()
        if composition is not None:
            return self._inlined(composition, args, kwargs)
        compiled = self._compiled_for_run(args, kwargs)
        return None if compiled is None else current_target().run(compiled)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Start a run on the current target, and return it without waiting."""
        if composing() is not None:
            raise CompileError(
                f"{self.name}.submit() in a pipeline's body would run it at once; call"
                f" {self.name}() to make its steps a part of this pipeline",
                caller(),
            )
        compiled = self._compiled_for_run(args, kwargs)
        return None if compiled is None else current_target().submit(compiled)

    def _compiled_for_run(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CompiledPipeline | None:
        if leaves_out(self.name):
            print(
                f"lateen: {caller()}: the call of {self.name} is left out, since this module is"
                " imported only for its steps",
                file=sys.stderr,
            )
            return None
        compiled = self.compile(*args, **kwargs)
        bound(compiled.spec.parameters, compiled.parameters)  # whether all have a value
        return compiled

    def compile(self, *args: Any, **kwargs: Any) -> CompiledPipeline:
        """Run the body once, and give what it makes: all that a target needs for a run.

        Parameters that a run may set need no value here. Raises CompileError, and ParameterError
        for a value that does not fit; what the body raises passes through.
        """
        from lateen.authoring.compilation import compiled

        location = caller()
        values = self._values(args, kwargs, location)
        return compiled(self._body, self._symbolic, values, location)

    def _inlined(
        self, composition: Composition, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        location = caller()
        values = self._values(args, kwargs, location)
        arguments.check_complete(self.name, self._parameters, values, location)
        frame: Frame = replace(self._body.frame, image=self.settings.image)
        with composition.inlined(self.name, frame):
            return self._body.function(**values)

    def _values(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], location: str
    ) -> dict[str, Any]:
        given = arguments.given(self.name, self._parameters, (args, kwargs), location)
        return {**self.settings.parameters, **given}

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._body.name

    @functools.cached_property
    def _symbolic(self) -> frozenset[str]:
        from lateen.authoring.symbolic import symbolic_parameters

        self.__dict__["_symbolic"] = frozenset()  # while this is found out: it may call itself
        return symbolic_parameters(self.function, _passes_on)

    def with_options(self, **options: Unpack[PipelineCallOptions]) -> Pipeline[P]:
        """The same pipeline with other options; ``parameters=`` stand for arguments not given."""
        settings = self.settings.updated(options, f"{self.name}.with_options()")
        arguments.check_known(self.name, self._parameters, settings.parameters, caller())
        return Pipeline(self.function, settings)

    def _check_names(self) -> None:
        try:
            check_name(self.name, "the pipeline")
            placeholders(self.settings.run_name or "")
        except InvalidNameError as error:
            raise CompileError(str(error), self._body.location) from None

    def __repr__(self) -> str:
        return f"<pipeline {self.name!r} of {self.function.__module__}>"


def _passes_on(thing: object) -> bool:
    """Whether an argument of the thing reaches steps untouched."""
    if isinstance(thing, Pipeline):
        return thing._symbolic.issuperset(thing._parameters)
    from lateen.authoring.container import ContainerStep  # an import of a user's steps stays quick

    return isinstance(thing, Step | ContainerStep)


@overload
def pipeline(function: Callable[P, Any], /) -> Pipeline[P]: ...


@overload
def pipeline(**options: Unpack[PipelineOptions]) -> Callable[[Callable[P, Any]], Pipeline[P]]: ...


def pipeline(
    function: Callable[P, Any] | None = None, /, **options: Unpack[PipelineOptions]
) -> Pipeline[P] | Callable[[Callable[P, Any]], Pipeline[P]]:
    """Make a function a pipeline, bare or with options; CompileError for what cannot be one."""
    settings = _DEFAULTS.updated(options, "@pipeline")

    def decorated(function: Callable[P, Any]) -> Pipeline[P]:
        check_function(function, "pipeline")
        return Pipeline(function, settings)

    return decorated if function is None else decorated(function)


_DEFAULTS = PipelineSettings()
