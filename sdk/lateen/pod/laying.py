"""The folders and the programs that a step's container finds."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from lateen.domain.errors import SetupError
from lateen.domain.spec import StepSpec
from lateen.pod.runtime import lay_runtime
from lateen.step.boundaries import Boundary, reached
from lateen.step.workdir import WorkDirectory

BUSYBOX = ("/usr/bin/busybox", "/bin/busybox")
"""Where our image has it, linked statically."""


def lay_out(work: WorkDirectory, step: StepSpec) -> None:
    """Makes all but the inputs; SetupError where the volumes cannot be written."""
    try:
        _make_folders(work, step)
        if step.entrypoint is not None:
            lay_runtime(work.runtime)
        else:
            _lay_shell(work)
    except OSError as error:
        raise SetupError(
            f"what the step needs cannot be laid down ({error.strerror}: {error.filename!r}); give"
            " its volumes more room (workDir), or the Pod a group that may write there"
        ) from error
    reached(Boundary.POD_LAID)


def _make_folders(work: WorkDirectory, step: StepSpec) -> None:
    work.make()
    for folder in (work.code, work.home, work.cache, work.temporary, work.rescues, work.saves):
        folder.mkdir(parents=True, exist_ok=True)
    if step.entrypoint is None:
        for output in step.outputs:
            work.output(output.name).mkdir(exist_ok=True)
    with suppress(FileExistsError):
        os.mkfifo(work.ended)


def _lay_shell(work: WorkDirectory) -> None:
    """The shell and the script that run a plain command in an image with nothing of ours."""
    found = next((path for path in map(Path, BUSYBOX) if path.exists()), None)
    if found is None:
        raise SetupError(
            f"there is no {' or '.join(BUSYBOX)} in this image, and a step that is a plain command"
            " is run by it: use Lateen's own image, or install busybox-static in yours"
        )
    _replace(work.busybox, found.read_bytes())
    _replace(work.wrapper, files(__package__).joinpath("run.sh").read_bytes())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.chmod(0o755)
    shutil.move(partial, path)
