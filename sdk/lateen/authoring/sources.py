"""What an argument of a step call becomes: a reference, a container of references, or a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lateen.authoring.external import ExternalArtifact
from lateen.authoring.handles import StepHandle, StepOutputHandle, StepOutputHandles
from lateen.authoring.late_values import LateComparison, LateValue
from lateen.authoring.lateness import Late
from lateen.authoring.plain import copied, is_plain, shortened
from lateen.domain.errors import CompileError
from lateen.domain.references import ArtifactReference, Entries, Items, Source, Value


@dataclass(frozen=True, slots=True)
class Argument:
    """Where in which call a value stands, for the errors about it."""

    words: str
    """``the argument 'data' of train()``."""
    location: str
    composition: object
    """The body being compiled, of which handles must be."""
    uploaded: Callable[[ExternalArtifact], ArtifactReference]
    """Takes a value that the caller brings, for uploading."""

    def at(self, key: object) -> Argument:
        """A place inside the argument."""
        return replace(self, words=f"[{key!r}] in {self.words}")

    def error(self, trouble: str) -> CompileError:
        """An error about the argument."""
        return CompileError(f"{self.words} {trouble}", self.location)


def source_of(value: Any, argument: Argument) -> Source:
    """The source that an argument stands for; CompileError where a step cannot take it."""
    if isinstance(value, Late):
        return _late_source(value, argument)
    if isinstance(value, ExternalArtifact):
        return argument.uploaded(value) if value.reference is None else value.reference
    if hasattr(type(value), "__lateen_pinned__"):
        return ArtifactReference(id=value.__lateen_pinned__)
    if is_plain(value):
        return Value(copied(value))
    if isinstance(value, list) or type(value) is tuple:
        items = (source_of(item, argument.at(index)) for index, item in enumerate(value))
        return Items(tuple(items), "list" if isinstance(value, list) else "tuple")
    if isinstance(value, dict):
        return _entries(value, argument)
    raise argument.error(_not_json(value))


def _late_source(value: Late, argument: Argument) -> Source:
    if isinstance(value, StepOutputHandle) and value._composition is not argument.composition:
        raise argument.error(
            f"is {value!r} of another compilation; call the step in this pipeline's body"
        )
    if isinstance(value, LateValue):
        return value.__lateen_source__
    if isinstance(value, StepOutputHandles):
        return Items(tuple(_late_source(handle, argument) for handle in value), "tuple")
    raise argument.error(f"is {value!r}, {_remedy(value)}")


def _remedy(value: Late) -> str:
    if isinstance(value, StepHandle):
        return "so there is nothing to pass on; order steps by after="
    if isinstance(value, LateComparison):
        return "which no step can take; pass what is compared, and compare in the step"
    return "which no step can take as a whole; pass an artifact, metadata or an attribute of it"


def _entries(value: dict[Any, Any], argument: Argument) -> Entries:
    for key in value:
        if not isinstance(key, str):
            raise argument.error(
                f"has the key {key!r}, and keys are strings in JSON;"
                " pass it as ExternalArtifact(value=...)"
            )
    return Entries(
        tuple((str(key), source_of(item, argument.at(key))) for key, item in value.items())
    )


def _not_json(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return f"is the function {value.__name__}; call it: {value.__name__}()"
    return (
        f"is a {type(value).__name__}, which JSON cannot hold ({shortened(value)}); pass it as"
        " ExternalArtifact(value=...), or as the output of a step"
    )
