"""A model, over all of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from lateen.client.transport import current
from lateen.client.views.model_version import ModelVersionView
from lateen.client.views.record import Record
from lateen.domain.names import LATEST


class ModelView(Record):
    """A model, over all of its versions."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self._fields["name"])

    @property
    def versions(self) -> list[ModelVersionView]:
        """All versions, in the order of their numbers."""
        return model_versions(self.name)

    @property
    def latest(self) -> ModelVersionView:
        """The newest version whose run went well; NotFoundError where there is none."""
        return self.get_version(LATEST)

    def get_version(self, version: str | int) -> ModelVersionView:
        """A version by number, name or stage; NotFoundError, naming the nearest, if none."""
        found = current().call("model_version", name=self.name, version=str(version))
        return ModelVersionView(found)

    def _fetched(self) -> Mapping[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"<model {self.name!r}>"


def model_versions(name: str) -> list[ModelVersionView]:
    """All versions of a model, in the order of their numbers."""
    found = current().call("model_versions", name=name)
    return sorted(map(ModelVersionView, found), key=attrgetter("number"))
