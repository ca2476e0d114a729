"""Where a value is kept that could not be saved, in words for the error that its author reads.

Standard library only, as ``execute``, which runs in the step's own container.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.client.context import get_step_context
from lateen.domain.errors import Fenced, LateenError
from lateen.domain.names import LONGEST_NAME
from lateen.materializers import rescue

_SUFFIX = ".rescued"


def kept_in_file(folder: Path, output: str, value: Any) -> str:
    """Keeps the value of an output in a file, which outlives the attempt on a laptop."""
    kept = rescue(value, folder / output)
    return f"; the value was kept in {kept}" if kept else ""


def kept_as_artifact(folder: Path, output: str, value: Any) -> str:
    """Keeps the value of an output as an artifact: the files of a Pod are gone with it.

    It is there at once and stays although the step fails. Raises Fenced where the attempt is over.
    """
    from lateen.client.artifacts import register_artifact  # steps that go well do without it

    kept = rescue(value, folder / output)
    if kept is None:
        return ""
    context = get_step_context()
    name = f"{context.pipeline.name}::{context.step_name}::{output}"
    name = name[: LONGEST_NAME - len(_SUFFIX)] + _SUFFIX
    try:
        found = register_artifact(kept, name)
    except Fenced:
        raise
    except LateenError as error:
        return f"; the value could not be kept as the artifact {name!r} either: {error}"
    loading = f"pickle.load(load_artifact({name!r}, {found.version!r}).open('rb'))"
    return (
        f"; the value was kept as the artifact {name!r}, version {found.version}, which"
        f" {loading} reads"
    )
