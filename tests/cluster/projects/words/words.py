"""The Python steps around a plain container, which knows nothing of Python."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

from lateen import container_step, pipeline, step

SORT = """
tr ' ' '\\n' < "$LATEEN_INPUTS/text/text.txt" | sort > "$LATEEN_OUTPUTS/counts/counts.txt"
printf '%s' "$LATEEN_PARAMETERS" > "$LATEEN_OUTPUTS/counts/parameters.json"
"""


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


sort = container_step(
    "sort",
    image=os.environ.get("LATEEN_IMAGE", "busybox"),  # in a Pod it is not set
    command=["sh", "-c", SORT],
    outputs=["counts"],
)


@pipeline
def sorting(text: str = "b a b", least: int = 1):
    """The container is declared here."""
    return read(sort(text=write(text), least=least))
