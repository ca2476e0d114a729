"""One step of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.client.transport import current
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.attempt import AttemptView
from lateen.client.views.inputs import views_of
from lateen.client.views.named import Named
from lateen.client.views.receipt import ReceiptView
from lateen.client.views.record import Record
from lateen.domain.errors import NotFoundError, UserError
from lateen.domain.states import StepPhase


class StepView(Record):
    """One step of a run, as it was when the run was looked up."""

    __slots__ = ("_run",)

    def __init__(self, run: str, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self._run = run

    @property
    def name(self) -> str:
        """The Python name, as the body has it."""
        return str(self._fields["history_name"])

    @property
    def status(self) -> StepPhase:
        return StepPhase(self._fields["status"])

    @property
    def cached(self) -> bool:
        """Whether an earlier attempt's outputs were taken over."""
        return bool(self._fields["cached"])

    @property
    def reason(self) -> str | None:
        reason: str | None = self._field("reason")
        return reason

    @property
    def message(self) -> str | None:
        message: str | None = self._field("message")
        return message

    @property
    def attempts(self) -> list[AttemptView]:
        return [
            AttemptView.from_json(self._run, self._fields["name"], attempt)
            for attempt in self._field("attempts")
        ]

    @property
    def inputs(self) -> Named[Any]:
        """What it was given, by the names of its arguments: views of artifacts, plain values."""
        return Named(views_of(self._field("inputs")), "input", repr(self))

    @property
    def outputs(self) -> Named[ArtifactVersionView]:
        """What it put out, by key."""
        found = self._field("outputs")
        views = {key: ArtifactVersionView(item) for key, item in found.items()}
        return Named(views, "output", repr(self))

    @property
    def output(self) -> ArtifactVersionView:
        """Its one output; UserError, naming them, where it has several."""
        outputs = self.outputs
        if len(outputs) > 1:
            names = ", ".join(map(repr, outputs))
            raise UserError(f"{self!r} has {len(outputs)} outputs; take outputs[...] of {names}")
        if not outputs:
            raise NotFoundError(f"{self!r} has no output")
        return outputs[0]

    @property
    def receipts(self) -> list[ReceiptView]:
        """What each of its references became."""
        return [ReceiptView.from_json(item) for item in self._field("receipts")]

    @property
    def why(self) -> str:
        """Why it ran or did not, in a sentence: what had changed, or whose outputs it took over."""
        return str(self._field("why"))

    @property
    def run_metadata(self) -> dict[str, Any]:
        """The newest value of each key that was logged on it."""
        return dict(self._field("metadata"))

    @property
    def logs(self) -> str:
        """What its newest attempt printed."""
        return str(current().call("logs", run=self._run, step=self._fields["name"]))

    def _fetched(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = current().call("step", run=self._run, step=self._fields["name"])
        return found

    def __repr__(self) -> str:
        return f"<step {self.name!r} {self.status}>"
