"""A real Postgres in a temporary home, with a filled catalog."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from benchmarks.peer import cache_folder
from benchmarks.scale.filling import fill
from benchmarks.scale.shape import Shape
from lateen.stores import embedded
from lateen.stores.catalog.migrations import migrate


@contextmanager
def filled_catalog(shape: Shape, keep: bool) -> Iterator[str]:
    """The URL of the catalog, whose home is `LATEEN_HOME` meanwhile; removed unless it is kept."""
    home = _home(shape, keep)
    os.environ["LATEEN_HOME"] = str(home)
    try:
        yield _filled(home, shape)
    finally:
        if keep:
            print(f"kept: {home}; the next run with --keep uses it again", file=sys.stderr)
        else:
            embedded.remove(home)
            shutil.rmtree(home)


def _filled(home: Path, shape: Shape) -> str:
    """The URL of the home's server, whose catalog is filled unless an earlier run did it whole."""
    finished = home / "filled"
    if not finished.exists():
        embedded.remove(home)
        url = embedded.ensure_running(home)
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection, shape)
        finished.touch()
    return embedded.ensure_running(home)


def _home(shape: Shape, keep: bool) -> Path:
    """A new folder, or the one that an earlier run of the same shape has kept."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    if not keep:
        return Path(mkdtemp(prefix="scale-", dir=cache_folder()))
    kept = cache_folder() / f"scale-{shape.versions}-{shape.model_versions}"
    kept.mkdir(exist_ok=True)
    return kept
