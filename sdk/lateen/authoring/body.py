"""The body of a pipeline, with the options that it is compiled under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lateen.authoring.checks import location_of
from lateen.authoring.composition import Frame
from lateen.authoring.options import PipelineSettings


@dataclass(frozen=True, slots=True)
class Body:
    """A pipeline's function and options."""

    function: Callable[..., Any]
    settings: PipelineSettings

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.settings.name or self.function.__name__

    @property
    def frame(self) -> Frame:
        """What its steps go by where they do not say otherwise; its image is the pipeline's."""
        return Frame(self.settings.model, self.settings.enable_cache)

    @property
    def location(self) -> str:
        """Where it was defined."""
        return location_of(self.function)

    @property
    def file(self) -> str | None:
        """The file that it is written in; None in a prompt."""
        filename: str = self.function.__code__.co_filename
        return None if filename.startswith("<") else filename
