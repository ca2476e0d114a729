"""What is known of a step from its function alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # an import of a user's steps stays quick without what compiling needs
    from lateen.authoring.annotations import DeclaredOutput

Materializers = type | Sequence[type] | Mapping[str, type]
"""One class for all outputs, one for each in order, or classes by an output's key."""


@dataclass(frozen=True)
class StepDefinition:
    """A step as its author wrote it: all that running it takes beside its inputs."""

    function: Callable[..., Any]
    name: str
    """The name in history."""
    outputs: tuple[DeclaredOutput, ...]
    multiple: bool
    """Whether the function returns a tuple with one element for each output."""
    annotations: Mapping[str, Any] = field(default_factory=dict)
    """The annotations of the inputs."""
    materializers: Mapping[str, type] = field(default_factory=dict)
    """The classes that save outputs, by key, where the author named them."""
    command: tuple[str, ...] = ()
    """What a plain container runs in place of a function."""

    @property
    def entrypoint(self) -> str:
        """``module:qualname`` of the function."""
        return class_path(self.function)


def class_path(thing: Any) -> str:
    """``module:qualname`` of a function or a class."""
    return f"{thing.__module__}:{thing.__qualname__}"
