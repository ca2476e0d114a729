"""JSON as artifacts hold it: one spelling for equal trees, so that equal values share bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lateen.domain.errors import MaterializerError

NAME = "data.json"
"""The file that holds one."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def to_text(tree: Any) -> str:
    """The canonical text of a tree; keys stay in order, for the order of a dict counts."""
    return _ENCODE(tree)


def text_of(tree: Any) -> str:
    """The canonical text of any tree.

    Raises:
        MaterializerError: the tree nests too deeply.
    """
    try:
        return to_text(tree)
    except RecursionError as error:
        raise MaterializerError("the value nests too deeply to be saved as JSON") from error


def write(path: Path, tree: Any) -> None:
    """Write a tree to a file.

    Raises:
        MaterializerError: the tree nests too deeply.
    """
    write_text(path, text_of(tree))


def write_text(path: Path, text: str) -> None:
    """Write a tree's text to a file."""
    path.write_text(text, encoding="utf-8", newline="")


def read(path: Path) -> Any:
    """The tree in a file."""
    return json.loads(path.read_bytes())
