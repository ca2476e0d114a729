"""The work directory of an attempt: every path in it, and what its two JSON files hold.

This is the contract on disk between resolve, execute and publish, and for other languages
``$LATEEN_INPUTS/<name>/``, ``$LATEEN_OUTPUTS/<name>/`` and ``$LATEEN_PARAMETERS``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lateen.domain.errors import SetupError

RUNNER = "LATEEN_RUNNER"
"""Names the descriptor of a pipe that a step's process reads, where whoever runs it writes nothing:
its end is the runner's."""
LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107."""


@dataclass(frozen=True, slots=True)
class WorkDirectory:
    """The paths of one attempt, below a root that its step writes to and one that it only reads."""

    root: Path
    given: Path | None = None
    """Where what the step is given lies apart, out of its reach; None: in ``root``, too."""

    @property
    def trusted(self) -> Path:
        """Where what the step is given lies."""
        return self.root if self.given is None else self.given

    @property
    def inputs(self) -> Path:
        """A folder for each artifact among the inputs; ``$LATEEN_INPUTS``."""
        return self.trusted / "inputs"

    def input(self, name: str, path: tuple[str, ...] = ()) -> Path:
        """The files of one artifact; ``path`` leads into lists and dicts, by position."""
        return self.inputs.joinpath(name, *path)

    @property
    def outputs(self) -> Path:
        """A folder for each output; ``$LATEEN_OUTPUTS``."""
        return self.root / "outputs"

    def output(self, key: str) -> Path:
        return self.outputs / key

    @property
    def reads(self) -> Path:
        """Artifacts that the step's body reads."""
        return self.trusted / "reads"

    @property
    def saves(self) -> Path:
        """Artifacts that the step's body saves beside its outputs."""
        return self.root / "saves"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def socket(self) -> Path:
        """Where publish serves the step's code."""
        return self.root / "socket"

    @property
    def log(self) -> Path:
        """What the step printed, bounded."""
        return self.root / "log"

    @property
    def instructions(self) -> Path:
        """What was resolved: written by resolve, read by execute."""
        return self.trusted / "attempt.json"

    @property
    def parameters(self) -> Path:
        """The inputs that are no artifacts, as one JSON object; ``$LATEEN_PARAMETERS``."""
        return self.trusted / "parameters.json"

    @property
    def outcome(self) -> Path:
        """How user code ended: written last by execute, read by publish."""
        return self.root / "outcome.json"

    # In a Pod only:

    @property
    def runtime(self) -> Path:
        """The part of Lateen that a step's own container needs, for any Python."""
        return self.trusted / "runtime"

    @property
    def busybox(self) -> Path:
        """A shell for images that have none."""
        return self.trusted / "busybox"

    @property
    def wrapper(self) -> Path:
        """The script that runs a plain command."""
        return self.trusted / "run.sh"

    @property
    def began(self) -> Path:
        """Whether a plain command may begin: ``yes``, or the refusal."""
        return self.trusted / "began"

    @property
    def journal(self) -> Path:
        """What the step was told is done and waits for its commit: publish's own."""
        return self.trusted / "journal"

    @property
    def code(self) -> Path:
        """The source archive's content."""
        return self.root / "code"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def rescues(self) -> Path:
        """Values that could not be saved."""
        return self.root / "rescues"

    @property
    def started(self) -> Path:
        """There once the step's first process is there."""
        return self.root / "started"

    @property
    def ended(self) -> Path:
        """A FIFO that the step's first process holds open: its end is the step's end."""
        return self.root / "ended"

    @property
    def draft(self) -> Path:
        """How user code ended, as its own process tells the step's first process."""
        return self.root / "outcome.draft.json"

    def make(self) -> None:
        """Creates the folders that every step finds."""
        for folder in (self.inputs, self.outputs):
            with _explained(folder):
                folder.mkdir(parents=True, exist_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes a file that is there whole or not at all; SetupError where it cannot be written."""
    text = json.dumps(value, allow_nan=False)
    partial = path.with_name(path.name + ".partial")
    with _explained(path):
        partial.write_text(text)
        os.replace(partial, path)


def read_json(path: Path) -> Any:
    """The value of a file that ``write_json`` wrote."""
    return json.loads(path.read_text())


def artifacts_in(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The artifacts of one input of the instructions, in order."""
    match item:
        case {"list": items}:
            for each in items:
                yield from artifacts_in(each)
        case {"map": entries}:
            for each in entries.values():
                yield from artifacts_in(each)
        case {"artifact": artifact}:
            yield artifact


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"the work directory cannot be written ({error.strerror}: {str(path)!r}); make room"
            " there, or give it write access, then run again"
        ) from error
