"""A step call in a pipeline's body, before it is placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.authoring.definition import StepDefinition
from lateen.authoring.options import StepSettings
from lateen.authoring.step_names import Wish


@dataclass(frozen=True, slots=True)
class Call:
    """A step call in a pipeline's body."""

    definition: StepDefinition
    settings: StepSettings
    named_at_call: bool
    arguments: Mapping[str, Any]
    """By parameter, in the order of the signature."""
    defaults: Mapping[str, Any]
    """Of the parameters that have no argument."""
    after: Any
    location: str

    @property
    def wish(self) -> Wish:
        """The name that the step is to have."""
        return Wish(
            self.definition.name,
            self.definition.function,
            self.location,
            at_the_call=self.named_at_call,
            by_option=self.settings.name is not None,
        )
