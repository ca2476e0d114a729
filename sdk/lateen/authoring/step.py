"""Steps: functions that run one by one, each on what the others put out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, cast, overload

from lateen.authoring import arguments
from lateen.authoring.call import Call
from lateen.authoring.checks import check_function, named_parameters
from lateen.authoring.composition import composing
from lateen.authoring.definition import StepDefinition
from lateen.authoring.location import caller
from lateen.authoring.options import StepCallOptions, StepOptions, StepSettings

__all__ = ["Step", "StepDefinition", "step"]

P = ParamSpec("P")
R = TypeVar("R")


class Step(Generic[P, R]):
    """A function that is a step where a pipeline's body calls it, and itself elsewhere."""

    def __init__(
        self, function: Callable[P, R], settings: StepSettings, *, named_at_call: bool = False
    ) -> None:
        self.function = function
        self.settings = settings
        self._named_at_call = named_at_call
        self._parameters = named_parameters(cast(FunctionType, function), "step")
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function; in a pipeline's body, add a step and give handles of its outputs.

        In a body the keyword ``after=`` names steps to wait for. Raises CompileError where the
        arguments do not fit.
        """
        composition = composing()
        if composition is None:
            return self.function(*args, **kwargs)
        from lateen.authoring.placing import placed  # an import of a user's steps stays quick

        return cast(R, placed(self._call(args, kwargs), composition))

    def _call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        location, name = caller(), self.name
        keywords = {key: value for key, value in kwargs.items() if key != "after"}
        given = arguments.given(name, self._parameters, (args, keywords), location)
        known = {**self.settings.parameters, **given}
        arguments.check_complete(name, self._parameters, known, location)
        return Call(
            definition=self.definition,
            settings=self.settings,
            named_at_call=self._named_at_call,
            arguments={key: known[key] for key in self._parameters if key in known},
            defaults={
                key: parameter.default
                for key, parameter in self._parameters.items()
                if key not in known
            },
            after=kwargs.get("after"),
            location=location,
        )

    @property
    def name(self) -> str:
        """The name of the step in history, before it is numbered."""
        return self.settings.name or self.function.__name__

    @functools.cached_property
    def definition(self) -> StepDefinition:
        """What is known of the step from its function; CompileError where it makes no sense."""
        from lateen.authoring.defining import defined

        return defined(self.function, self.name, self.settings.output_materializers)

    def with_options(self, **options: Unpack[StepCallOptions]) -> Step[P, R]:
        """The same step with other options; ``parameters=`` stand for arguments not given."""
        settings = self.settings.updated(options, f"{self.name}.with_options()")
        arguments.check_known(self.name, self._parameters, settings.parameters, caller())
        named_at_call = options.get("name") is not None or self._named_at_call
        return Step(self.function, settings, named_at_call=named_at_call)

    def __repr__(self) -> str:
        return f"<step {self.name!r} of {self.function.__module__}>"


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(**options: Unpack[StepOptions]) -> Callable[[Callable[P, R]], Step[P, R]]: ...


def step(
    function: Callable[P, R] | None = None, /, **options: Unpack[StepOptions]
) -> Step[P, R] | Callable[[Callable[P, R]], Step[P, R]]:
    """Make a function a step, bare or with options; CompileError for what cannot be one."""
    settings = _DEFAULTS.updated(options, "@step")

    def decorated(function: Callable[P, R]) -> Step[P, R]:
        check_function(function, "step")
        return Step(function, settings)

    return decorated if function is None else decorated(function)


_DEFAULTS = StepSettings()
