"""A pipeline, over all of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.client.transport import current
from lateen.client.views.record import Record
from lateen.client.views.run import RunView
from lateen.client.views.runs import Runs
from lateen.domain.errors import NotFoundError
from lateen.domain.states import RunPhase


class PipelineView(Record):
    """A pipeline, over all of its runs."""

    __slots__ = ()

    @property
    def id(self) -> str:
        return str(self._field("id"))

    @property
    def name(self) -> str:
        return str(self._fields["name"])

    @property
    def runs(self) -> Runs:
        """All runs in order of time, the newest last."""
        return Runs(RunView(run) for run in current().call("runs", pipeline=self.name))

    @property
    def last_run(self) -> RunView:
        """The newest run, in whatever state; NotFoundError where there is none."""
        return self._newest(None, "has no run")

    @property
    def last_successful_run(self) -> RunView:
        """The newest run that succeeded; NotFoundError where there is none."""
        return self._newest(RunPhase.SUCCEEDED.value, "has no run that succeeded")

    def _newest(self, status: str | None, trouble: str) -> RunView:
        found = current().call(
            "runs", pipeline=self.name, status=status, limit=1, newest_first=True
        )
        if not found:
            raise NotFoundError(f"the pipeline {self.name!r} {trouble} yet; run it first")
        return RunView(found[0])

    def _fetched(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = current().call("pipeline", name=self.name)
        return found

    def __repr__(self) -> str:
        return f"<pipeline {self.name!r}>"
