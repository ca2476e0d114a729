"""What a running cluster has to be found again by, in one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.cluster import places
from tests.cluster.process import Process


@dataclass(slots=True)
class State:
    """What was started and for whom; written before and after each start."""

    kernel: dict[str, str]
    """The machine's settings before."""
    kept: bool = False
    """Whether it was started by hand, and runs until it is ended by hand."""
    sessions: list[Process] = field(default_factory=list)
    """The test sessions that use it."""
    processes: dict[str, Process] = field(default_factory=dict)
    """By the component's name; the holder of the namespaces is one of them."""
    complete: bool = False

    @property
    def alive(self) -> bool:
        """Whether everything runs and somebody wants it to."""
        return self.complete and self.wanted and not self.dead

    @property
    def wanted(self) -> bool:
        """Whether anybody who uses it is still there."""
        return self.kept or any(session.alive for session in self.sessions)

    @property
    def dead(self) -> list[str]:
        """The components that ended by themselves."""
        return [name for name, process in self.processes.items() if not process.alive]

    def write(self) -> None:
        """Replaces the file at once."""
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(file)


def read() -> State | None:
    """The last cluster's, whether it still runs or not."""
    try:
        said = json.loads(_file().read_text())
    except FileNotFoundError:
        return None
    return State(
        kernel=said["kernel"],
        kept=said["kept"],
        sessions=[Process(**process) for process in said["sessions"]],
        processes={name: Process(**process) for name, process in said["processes"].items()},
        complete=said["complete"],
    )


def forget() -> None:
    """There is no cluster any more."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return places.cache() / f"{places.named('state')}.json"
