"""Saving and loading as a step does it: into one directory, by the record alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lateen.materializers import Saved, load, save


def round_trip(value: Any, directory: Path, **options: Any) -> Any:
    """The value that comes back from a directory."""
    return load_saved(save(value, directory, **options), directory)


def load_saved(saved: Saved, directory: Path, **options: Any) -> Any:
    """Load what ``save`` recorded."""
    return load(
        directory,
        format=saved.format,
        type=saved.type,
        materializer=saved.materializer,
        **options,
    )


@contextmanager
def fresh_directory() -> Iterator[Path]:
    """A directory for one hypothesis example; a fixture would be shared by all of them."""
    directory = Path(tempfile.mkdtemp())
    try:
        yield directory / "artifact"
    finally:
        shutil.rmtree(directory)


def again(value: Any) -> Any:
    """The value that comes back from a directory of its own."""
    with fresh_directory() as directory:
        return round_trip(value, directory)


def content(directory: Path) -> dict[str, bytes]:
    """Every file of a directory with its bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def saved_content(value: Any) -> dict[str, bytes]:
    """Every file that saving a value writes."""
    with fresh_directory() as directory:
        save(value, directory)
        return content(directory)
