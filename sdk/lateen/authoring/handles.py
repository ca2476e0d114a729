"""What a step call gives in a pipeline's body: handles of its outputs, or of the step itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lateen.authoring.late_values import LateArtifact
from lateen.authoring.lateness import Late
from lateen.authoring.location import caller
from lateen.domain.errors import LateValueError
from lateen.domain.names import did_you_mean
from lateen.domain.references import StepOutput


class StepHandle(Late):
    """A called step that puts out nothing; ``after=`` takes it."""

    __slots__ = ("_composition", "_history_name", "_step")
    _composition: object
    _step: str
    _history_name: str

    def __init__(self, composition: object, step: str, history_name: str) -> None:
        super().__init__(_composition=composition, _step=step, _history_name=history_name)

    def _words(self) -> str:
        return f"the step {self._history_name!r}, which puts out nothing"


class StepOutputHandle(LateArtifact):
    """One output of a called step."""

    __slots__ = ("_composition", "_single")
    __lateen_source__: StepOutput
    _composition: object
    _single: bool

    def __init__(self, composition: object, source: StepOutput, single: bool) -> None:
        super().__init__(source)
        object.__setattr__(self, "_composition", composition)
        object.__setattr__(self, "_single", single)

    def __iter__(self) -> Iterator[StepOutputHandle]:
        trouble = "cannot be iterated over or unpacked"
        raise LateValueError(self._refusal(trouble) + self._way_out(), caller())

    def _way_out(self) -> str:
        if not self._single:
            return ""
        step = self.__lateen_source__.step
        return (
            f". The step {step!r} has this one output; for several, annotate its result as"
            ' `-> tuple[Annotated[A, "a"], Annotated[B, "b"]]`, or, without an annotation, end each'
            " return statement in the values themselves: `return a, b`"
        )


class StepOutputHandles(Late):
    """The outputs of a called step, to unpack or to index by position or key."""

    __slots__ = ("_handles", "_history_name")
    _handles: dict[str, StepOutputHandle]
    _history_name: str

    def __init__(self, history_name: str, handles: Sequence[StepOutputHandle]) -> None:
        by_key = {handle.__lateen_source__.output: handle for handle in handles}
        super().__init__(_history_name=history_name, _handles=by_key)

    def _words(self) -> str:
        keys = ", ".join(map(repr, self._handles))
        return f"outputs {keys} of the step {self._history_name!r}"

    def __iter__(self) -> Iterator[StepOutputHandle]:
        return iter(self._handles.values())

    def __len__(self) -> int:
        return len(self._handles)

    def __getitem__(self, key: str | int) -> StepOutputHandle:
        if isinstance(key, int) and -len(self) <= key < len(self):
            return list(self)[key]
        if isinstance(key, str) and key in self._handles:
            return self._handles[key]
        near = did_you_mean(key, self._handles) if isinstance(key, str) else ""
        raise LateValueError(f"{self!r}: there is no {key!r} among them{near}", caller())
