"""The Python steps of `counting.yaml`: between them runs a shell that knows nothing of Python."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from lateen import step


@step
def write_text(text: str) -> Annotated[Path, "text"]:
    """A file, which the next step finds as `$LATEEN_INPUTS/text/text.txt`."""
    path = Path(tempfile.mkdtemp(), "text.txt")
    path.write_text(text, encoding="utf-8")
    return path


@step
def most_common(counts: Path) -> Annotated[str, "most_common_word"]:
    """What a container leaves in `$LATEEN_OUTPUTS/counts` comes as the path of a folder."""
    lines = (counts / "counts.txt").read_text(encoding="utf-8").splitlines()
    return lines[0].split()[1]
