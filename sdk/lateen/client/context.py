"""The running step, as its own code sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from lateen.client import transport
from lateen.client.metadata import checked_metadata
from lateen.client.socket_transport import SocketTransport
from lateen.client.views.inputs import views_of
from lateen.client.views.model_version import ModelVersionView
from lateen.client.views.named import Named
from lateen.client.views.pipeline import PipelineView
from lateen.client.views.run import RunView
from lateen.client.views.step import StepView
from lateen.domain.errors import NotFoundError, StepContextError
from lateen.domain.names import did_you_mean

# Of the process, not of a context or a thread: a step's threads and forked workers share it.
_running: list[StepContext] = []


def get_step_context() -> StepContext:
    """The step that runs in this process; StepContextError where none does."""
    if not _running:
        raise StepContextError(
            "get_step_context() works while a step runs, and none runs in this process; in a"
            " pipeline's body take get_pipeline_context(), elsewhere Client()"
        )
    return _running[-1]


def in_step() -> bool:
    """Whether a step runs in this process."""
    return bool(_running)


def activate(
    info: Mapping[str, Any],
    socket_path: str | PathLike[str],
    outputs_root: str | PathLike[str],
    output_directories: Mapping[str, str | PathLike[str]],
    patience: float = 0.0,
) -> StepContext:
    """Make a step the running one, until ``deactivate``: what was running before comes back.

    ``info`` is what the operation ``context`` answers; directories are below ``outputs_root``.
    Whoever is not there to answer is waited for as long as ``patience`` says, in seconds.
    """
    directories = {
        key: Path(outputs_root, directory) for key, directory in output_directories.items()
    }
    context = StepContext(info, directories)
    transport.enter(SocketTransport(socket_path, patience))
    _running.append(context)
    return context


def renew(info: Mapping[str, Any]) -> None:
    """Tell the running step what it was given after all."""
    _running[-1]._info = info


def deactivate() -> None:
    """End what the last ``activate`` began."""
    _running.pop()
    left = transport.leave()
    if isinstance(left, SocketTransport):
        left.close()


class StepContext:
    """The running step: its model, its run, its inputs, and what it can say of its outputs."""

    def __init__(self, info: Mapping[str, Any], directories: Mapping[str, Path]) -> None:
        self._info = info
        self._directories = directories

    @property
    def step_name(self) -> str:
        """The Python name, as history has it."""
        return str(self._info["step"])

    @property
    def attempt(self) -> int:
        """1, and more for a retry."""
        return int(self._info["attempt"])

    @property
    def run(self) -> RunView:
        return RunView(self._info["run"])

    pipeline_run = run

    @property
    def pipeline(self) -> PipelineView:
        return self.run.pipeline

    @property
    def step_run(self) -> StepView:
        return self.run.steps[self.step_name]

    @property
    def model(self) -> ModelVersionView | None:
        """The model version that the step works with, as it is now; None where it has no model."""
        model = transport.current().call("context")["model"]
        return None if model is None else ModelVersionView(model)

    @property
    def inputs(self) -> Named[Any]:
        """What the step was given, by the names of its arguments."""
        return Named(views_of(self._info["inputs"]), "input", f"the step {self.step_name!r}")

    @property
    def output_names(self) -> tuple[str, ...]:
        """The keys of the step's outputs."""
        return tuple(self._directories)

    def get_output_artifact_uri(self, output_name: str | None = None) -> str:
        """The local directory whose files become that output's artifact."""
        return str(self._directories[self.output_key(output_name)])

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None
    ) -> None:
        """Log metadata on an output; it is committed with the step."""
        transport.current().call(
            "log_metadata",
            metadata=checked_metadata(metadata),
            target={"output": self.output_key(output_name)},
        )

    def add_output_tags(self, tags: Sequence[str], output_name: str | None = None) -> None:
        """Tag an output; the tags are committed with the step."""
        output = self.output_key(output_name)
        transport.current().call("output_tags", output=output, tags=list(tags))

    def output_key(self, name: str | None) -> str:
        """The output of that name, or the only one.

        NotFoundError where there is none of the name, StepContextError where one must be named.
        """
        if name is None:
            return self._only_output()
        if name not in self._directories:
            raise NotFoundError(
                f"the step {self.step_name!r} has no output {name!r}"
                f"{did_you_mean(name, self._directories)}"
            )
        return name

    def _only_output(self) -> str:
        if len(self._directories) == 1:
            return self.output_names[0]
        if not self._directories:
            raise StepContextError(f"the step {self.step_name!r} has no output")
        raise StepContextError(
            f"the step {self.step_name!r} has {len(self._directories)} outputs; say which one is"
            f" meant: {', '.join(map(repr, self._directories))}"
        )
