"""What versions of artifacts and of models have in common."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lateen.client.views.record import Record

if TYPE_CHECKING:
    from lateen.client.views.run import RunView


class VersionView(Record):
    """A version of an artifact or a model."""

    __slots__ = ()

    @property
    def id(self) -> str:
        return str(self._fields["id"])

    @property
    def name(self) -> str:
        """The name of what it is a version of."""
        return str(self._field("name"))

    @property
    def version(self) -> str:
        """The version as people write it: its name where it has one, else its number."""
        return str(self._field("version"))

    @property
    def number(self) -> int:
        return int(self._field("number"))

    @property
    def created(self) -> datetime | None:
        return self._moment("created_at")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self._field("tags"))

    @property
    def run_metadata(self) -> dict[str, Any]:
        """The newest value of each key that was logged on it."""
        return dict(self._field("metadata"))

    @property
    def run(self) -> RunView | None:
        """The run that made it; None where it was made outside of one."""
        from lateen.client.views.run import RunView

        run = self._field("run")
        return None if run is None else RunView(run)
