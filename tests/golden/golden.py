"""Comparison with a file that is kept beside the tests; LATEEN_UPDATE_GOLDENS=1 rewrites it."""

from __future__ import annotations

import os
from pathlib import Path

UPDATE = "LATEEN_UPDATE_GOLDENS"


def check_golden(path: Path, text: str) -> None:
    """Fail where the file differs from the text, or does not exist."""
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} does not exist; {UPDATE}=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; {UPDATE}=1 rewrites it"
