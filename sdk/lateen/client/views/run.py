"""One run of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.difference import Difference, difference
from lateen.client.views.failure import Failure, failure
from lateen.client.views.named import Named
from lateen.client.views.record import Record
from lateen.client.views.step import StepView
from lateen.domain.states import Desired, RunPhase

if TYPE_CHECKING:
    from lateen.client.views.pipeline import PipelineView


class RunView(Record):
    """One run, as it was when it was looked up; ``refresh`` looks again."""

    __slots__ = ()

    @property
    def id(self) -> str:
        return str(self._fields["id"])

    @property
    def name(self) -> str:
        return str(self._field("name"))

    @property
    def status(self) -> RunPhase:
        return RunPhase(self._field("status"))

    @property
    def reason(self) -> str | None:
        """The status in more detail, in one word."""
        reason: str | None = self._field("reason")
        return reason

    @property
    def message(self) -> str | None:
        message: str | None = self._field("message")
        return message

    @property
    def error(self) -> Failure | None:
        """The exception that it failed with."""
        return failure(self._field("error"))

    @property
    def pipeline(self) -> PipelineView:
        from lateen.client.views.pipeline import PipelineView

        return PipelineView({"name": self._field("pipeline")})

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self._field("parameters"))

    @property
    def target(self) -> str:
        """Where it ran."""
        return str(self._field("target"))

    @property
    def created(self) -> datetime | None:
        return self._moment("created_at")

    @property
    def started(self) -> datetime | None:
        return self._moment("started_at")

    @property
    def finished(self) -> datetime | None:
        return self._moment("finished_at")

    @property
    def steps(self) -> Named[StepView]:
        """Its steps by their Python names, in the order of the body; positions do as well."""
        steps = (StepView(self.id, step) for step in self._field("steps"))
        return Named({step.name: step for step in steps}, "step", repr(self))

    @property
    def outputs(self) -> Named[ArtifactVersionView]:
        """What the pipeline returned, by name."""
        found = self._field("outputs")
        views = {name: ArtifactVersionView(item) for name, item in found.items()}
        return Named(views, "output", repr(self))

    @property
    def run_metadata(self) -> dict[str, Any]:
        """The newest value of each key that was logged on it."""
        return dict(self._field("metadata"))

    @property
    def replay_of(self) -> RunView | None:
        """The run that it replays."""
        found = self._field("replay_of")
        return None if found is None else RunView(found)

    @property
    def differences(self) -> list[Difference]:
        """Of a replay: the outputs that came out otherwise than in the run that it replays."""
        return [difference(found) for found in current().call("differences", run=self.id)]

    @property
    def resolved_anew(self) -> list[str]:
        """Of a replay: the steps that the replayed run had never resolved, so nothing is pinned."""
        return list(current().call("resolved_anew", run=self.id))

    def replay(self) -> RunView:
        """Run it again with its own spec, code, parameters and everything it had from outside.

        `differences` of the run that is returned are the outputs that came out otherwise; what this
        run never resolved is resolved anew, and `resolved_anew` says so. Raises UserError where the
        code has changed since, or the bytes of an input are gone, and names it; RunFailed where the
        replay fails.
        """
        from lateen.authoring.target import current_target

        view: RunView = current_target().replay(self.id)
        return view

    def cancel(self) -> RunView:
        """End it now: what runs is interrupted, nothing new starts.

        It ends soon after, in the process that runs it, and `refresh` shows that. As with `stop`,
        `pause` and `resume`, UserError is raised for a run that has finished or was told to end;
        none of them works inside a step.
        """
        return self._tell(Desired.CANCELLED)

    def stop(self) -> RunView:
        """Start nothing new and let running steps finish; it ends Cancelled then."""
        return self._tell(Desired.STOPPED)

    def pause(self) -> RunView:
        """Start nothing new until `resume`; running steps finish."""
        return self._tell(Desired.PAUSED)

    def resume(self) -> RunView:
        """Go on after a pause."""
        return self._tell(Desired.RUNNING)

    def _tell(self, desired: Desired) -> RunView:
        self._fields = dict(current().call("set_desired", run=self.id, desired=desired.value))
        return self

    def refresh(self) -> RunView:
        """Look the run up again, and return it."""
        self._fields = dict(self._fetched())
        return self

    def _fetched(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = current().call("run", name=self.id)
        return found

    def __repr__(self) -> str:
        name = self._fields.get("name", self.id)
        status = f" {self._fields['status']}" if "status" in self._fields else ""
        return f"<run {name!r}{status}>"
