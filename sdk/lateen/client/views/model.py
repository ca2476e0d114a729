"""A model, over all of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from lateen.client.transport import current
from lateen.client.views.model_version import ModelVersionView, checked_stage
from lateen.client.views.record import Record
from lateen.client.views.stage_event import StageEventView
from lateen.domain.names import LATEST
from lateen.domain.states import ModelStages


class ModelView(Record):
    """A model, over all of its versions."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self._fields["name"])

    @property
    def versions(self) -> list[ModelVersionView]:
        """All versions in the order of their numbers, the newest last."""
        return model_versions(self.name)

    @property
    def stage_history(self) -> list[StageEventView]:
        """All changes of stages in the order of their commits, the newest last.

        A version that another one replaced was archived right before, in the same commit. What the
        running step promotes is there once the step has committed.
        """
        found = current().call("stage_history", model=self.name)
        return [StageEventView.from_json(event) for event in found]

    @property
    def latest(self) -> ModelVersionView:
        """The newest version whose run went well; NotFoundError where there is none."""
        return self.get_version(LATEST)

    def get_version(self, version: str | int) -> ModelVersionView:
        """A version by number, name or stage; NotFoundError, naming the nearest, if none."""
        found = current().call("model_version", name=self.name, version=str(version))
        return ModelVersionView(found)

    @property
    def protected_stages(self) -> tuple[ModelStages, ...]:
        """The stages that steps cannot change."""
        return tuple(map(ModelStages, self._field("protected")))

    def protect(self, stage: str | ModelStages) -> None:
        """Keep steps from bringing versions to a stage, or away from it."""
        self._protect(stage, True)

    def unprotect(self, stage: str | ModelStages) -> None:
        """Let steps change a stage again."""
        self._protect(stage, False)

    def _protect(self, stage: str, protected: bool) -> None:
        checked = checked_stage(stage).value
        current().call("protect_stage", model=self.name, stage=checked, protected=protected)
        self._fields.pop("protected", None)

    def _fetched(self) -> Mapping[str, Any]:
        models = current().call("models", name=self.name)
        return next(iter(models), {"protected": []})

    def __repr__(self) -> str:
        return f"<model {self.name!r}>"


def model_versions(name: str) -> list[ModelVersionView]:
    """All versions of a model, in the order of their numbers."""
    found = current().call("model_versions", name=name)
    return sorted(map(ModelVersionView, found), key=attrgetter("number"))
