"""How a Pod's step ended, as its first process tells it, judged by what publish knows itself.

The file is written where the step's code can write too: it decides nothing that the step could not
decide by what it does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from signal import strsignal
from typing import Any

from lateen.domain.spec import StepSpec
from lateen.domain.states import FailureCause
from lateen.materializers.paths import PathMaterializer
from lateen.step.logs import read_log
from lateen.step.operations import path_content
from lateen.step.outcome import (
    LONGEST_MESSAGE,
    OUT_OF_MEMORY,
    STEP_DIED,
    Outcome,
    SavedOutput,
    explained,
    read_told,
)
from lateen.step.transfer import Stored
from lateen.step.workdir import WorkDirectory

TAIL_CHARACTERS = 4_000
"""Of the log, for the error of a command that failed."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a step ended."""

    outcome: Outcome
    asked_to_go: bool = False
    """Whether its first process was told to end: the Pod may be drained."""


def told(work: WorkDirectory, step: StepSpec, tolerate_oom: bool) -> Told:
    """How the step ended.

    Raises FileNotFoundError where nobody told it, ProtocolError where it cannot be read.
    """
    with explained(work.outcome):
        found = read_told(work.outcome)
        outcome = _outcome(found, step, work)
        kills = found.get("oomKills", 0)
        if isinstance(kills, int) and kills > 0 and not tolerate_oom:
            outcome = _out_of_memory(outcome, found)
    if not outcome.good and not (outcome.error or {}).get("traceback"):
        outcome = _with_tail(outcome, work)
    return Told(outcome, found.get("askedToGo") is True)


def _outcome(found: Mapping[str, Any], step: StepSpec, work: WorkDirectory) -> Outcome:
    if "outputs" in found:
        return Outcome.from_json(found)
    code = found.get("exit")
    if not isinstance(code, int):
        raise ValueError("exit is an exit code")
    if code == 0 and step.entrypoint is None:
        return Outcome({output.name: _as_folder() for output in step.outputs})
    message = died(code, step) + _room(work)
    return Outcome({}, {"type": STEP_DIED, "message": message}, FailureCause.USER)


def _room(work: WorkDirectory) -> str:
    """A hint where nothing more can be written, which is why whatever it printed may be lost."""
    if os.statvfs(work.root).f_bavail:
        return ""
    return "; its work directory is full: enlarge workDir.size"


def _as_folder() -> SavedOutput:
    """Whatever a command leaves in an output's folder, as ``register_artifact`` takes a folder."""
    manifest = path_content(PathMaterializer.FOLDER_FORMAT, Stored(())).manifest
    kind = PathMaterializer.ASSOCIATED_ARTIFACT_TYPE.value
    return SavedOutput(manifest.format, manifest.type, manifest.materializer, kind)


def died(code: int, step: StepSpec) -> str:
    """What an exit code means, or the signal that a negative one is."""
    what = "the step's process" if step.entrypoint else "the step's command"
    if code < 0:
        return f"{what} was killed by signal {-code} ({_signal(-code)})"
    return f"{what} ended with exit code {code}" + (
        " and left no outcome" if step.entrypoint else ""
    )


def _signal(number: int) -> str:
    try:
        return strsignal(number) or "unknown"
    except ValueError:
        return "unknown"


def _out_of_memory(outcome: Outcome, found: Mapping[str, Any]) -> Outcome:
    limit = found.get("memoryLimit")
    words = (
        f"more memory than its limit of {_size(limit)}"
        if isinstance(limit, int)
        else ("more memory than there was")
    )
    message = (
        f"the kernel killed a process of the step, for the step used {words}; give it more, have it"
        " use less, or let it succeed all the same with tolerateOOM (in Python tolerate_oom=True)"
    )
    error = dict(outcome.error or {})
    if error:
        message = f"{message}; then: {error.get('message', '')}"[:LONGEST_MESSAGE]
    told = {**error, "type": OUT_OF_MEMORY, "message": message}
    return replace(outcome, outputs={}, error=told, cause=FailureCause.OUT_OF_MEMORY)


def _size(count: int) -> str:
    """Bytes as Kubernetes writes them."""
    for unit in ("", "Ki", "Mi", "Gi"):
        if count % 1024 or unit == "Gi":
            break
        count //= 1024
    return f"{count}{unit}"


def _with_tail(outcome: Outcome, work: WorkDirectory) -> Outcome:
    """With the last that the step printed, which often says why."""
    text = read_log(work.log).decode("utf-8", "backslashreplace").replace("\0", "\\0")
    return replace(outcome, error={**(outcome.error or {}), "traceback": text[-TAIL_CHARACTERS:]})
