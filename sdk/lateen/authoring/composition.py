"""The pipeline whose body is running now, and what it has called so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lateen.authoring.step_names import StepName, StepNames, Wish
from lateen.domain.references import ArtifactReference, ModelReference
from lateen.domain.spec import ModelSpec, StepSpec

if TYPE_CHECKING:
    from lateen.authoring.definition import StepDefinition
    from lateen.authoring.external import ExternalArtifact

UPLOAD_PREFIX = "upload:"


@dataclass(frozen=True, slots=True)
class Frame:
    """A body that is running: the pipeline's own, or that of one inlined in it."""

    model: ModelSpec | None = None
    cache: bool | None = None
    """Whether the steps that do not say it themselves are cached."""
    image: str | None = None
    """The image of an inlined pipeline; the outermost one's is the pipeline's."""
    prefix: str = ""
    """What the names of its steps start with."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step to wait for, as ``after=`` names it."""

    step: str
    prefix: str
    location: str


@dataclass(frozen=True, slots=True)
class StepCall:
    """One call of a step in a body."""

    spec: StepSpec
    definition: StepDefinition
    after: tuple[Waiting, ...]
    """Steps named by text, which the body may call later."""
    location: str


class Composition:
    """The steps that a pipeline's body has called, with their names and uploads."""

    def __init__(self, pipeline: str, frame: Frame, location: str) -> None:
        self.pipeline = pipeline
        self.location = location
        self.model = frame.model
        self.calls: list[StepCall] = []
        self.names = StepNames()
        self._frames = [frame]
        self._digests: dict[Callable[..., Any], str] = {}
        self._uploads: dict[int, tuple[ExternalArtifact, ArtifactReference]] = {}

    @property
    def frame(self) -> Frame:
        """The innermost body that is running."""
        return self._frames[-1]

    @contextmanager
    def inlined(self, pipeline: str, frame: Frame) -> Iterator[None]:
        """Run another pipeline's body as a part of this one; its model gives way to ours."""
        outer = self.frame
        self._frames.append(
            Frame(
                model=outer.model or frame.model,
                cache=outer.cache if frame.cache is None else frame.cache,
                image=frame.image or outer.image,
                prefix=self.names.claim_prefix(pipeline, outer.prefix),
            )
        )
        try:
            yield
        finally:
            self._frames.pop()

    def own_version(self) -> ModelReference | None:
        """The version that the running body's model will have; None where it has no model."""
        model = self.frame.model
        if model is None or model is self.model:
            return None if model is None else ModelReference()
        return ModelReference(model.name, model.version)

    def digest(self, function: Callable[..., Any]) -> str:
        """The digest of a function's or a class's code, taken once for this compilation."""
        from lateen.authoring.source import code_digest  # an import of a user's steps stays quick

        if function not in self._digests:
            self._digests[function] = code_digest(function)
        return self._digests[function]

    def claim(self, wish: Wish) -> StepName:
        """A name for a called step."""
        return self.names.claim(wish, self.frame.prefix)

    def upload(self, external: ExternalArtifact) -> ArtifactReference:
        """A reference to a value that will be saved before the run; once for each value."""
        if id(external) not in self._uploads:
            placeholder = f"{UPLOAD_PREFIX}{len(self._uploads)}"
            self._uploads[id(external)] = (external, ArtifactReference(digest=placeholder))
        return self._uploads[id(external)][1]

    @property
    def uploads(self) -> dict[str, object]:
        """The values to save, by their placeholder digests."""
        return {
            str(reference.digest): external.value for external, reference in self._uploads.values()
        }


_current: ContextVar[Composition | None] = ContextVar("lateen_composition", default=None)
_left_out: ContextVar[list[str] | None] = ContextVar("lateen_left_out", default=None)


def composing() -> Composition | None:
    """The pipeline that is being compiled here, if any."""
    return _current.get()


@contextmanager
def composed(composition: Composition | None) -> Iterator[None]:
    """Let step calls go to the composition."""
    token = _current.set(composition)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def loading() -> Iterator[list[str]]:
    """Import a module for what it defines: pipelines that it calls do not run, and are listed."""
    left_out: list[str] = []
    token = _left_out.set(left_out)
    try:
        yield left_out
    finally:
        _left_out.reset(token)


def leaves_out(pipeline: str) -> bool:
    """Whether a call of the pipeline does nothing: a module is imported for what it defines."""
    left_out = _left_out.get()
    if left_out is None:
        return False
    left_out.append(pipeline)
    return True
