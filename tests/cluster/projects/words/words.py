"""The Python steps around a plain container, which knows nothing of Python."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from lateen import pipeline, step


@step
def write(text: str) -> Annotated[Path, "text"]:
    path = Path(tempfile.mkdtemp(), "text.txt")
    path.write_text(text)
    return path


@step
def read(counts: Path) -> Annotated[dict, "read"]:
    lines = (counts / "counts.txt").read_text().splitlines()
    parameters = (counts / "parameters.json").read_text()
    return {"lines": lines, "parameters": parameters}


@pipeline
def counting(text: str = "b a b", least: int = 1):
    """The container comes between the two."""
    return read(write(text))
