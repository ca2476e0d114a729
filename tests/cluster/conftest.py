"""Workspaces and operators in the session's cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import installation, operator_process, stores, workspace
from tests.cluster.cluster import Cluster
from tests.cluster.installation import Installation
from tests.cluster.machine import LACKS
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.person import Person, at_a_computer
from tests.cluster.runs import Ground, Space, served
from tests.cluster.stores import Stores
from tests.cluster.workspace import Workspace

SECONDS = 300
"""What a test may take, apart from booting what it needs."""
_left_out: dict[str, int] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks."""
    config.addinivalue_line("markers", f"needs_machine(name): one of {', '.join(LACKS)}")
    config.addinivalue_line(
        "markers", "project(name, **settings): a module's, and what its operator is told"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what this machine cannot have, and counts a test's time from its own start."""
    out = [item for item in items if (reason := _lacking(item)) and _count(reason)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and not item.get_closest_marker(
            "timeout"
        ):
            item.add_marker(pytest.mark.timeout(SECONDS, func_only=True))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was left out, and why."""
    for reason, count in _left_out.items():
        terminalreporter.write_line(f"{count} deselected: {reason}")


def _lacking(item: pytest.Item) -> str | None:
    for mark in item.iter_markers("needs_machine"):
        if reason := LACKS[mark.args[0]]():
            return reason
    return None


def _count(reason: str) -> bool:
    _left_out[reason] = _left_out.get(reason, 0) + 1
    return True


@pytest.fixture(scope="session", name="stores")
def _stores(cluster: Cluster) -> Stores:
    """Postgres and MinIO in the cluster."""
    return stores.ensure(cluster)


@pytest.fixture(name="workspace")
def _workspace(cluster: Cluster, stores: Stores) -> Iterator[Workspace]:
    """A namespace of the test's own, which is gone afterwards."""
    made = workspace.create(cluster, stores)
    yield made
    made.delete()


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Iterator[Installation]:
    """The operator as the chart installs it, for all namespaces."""
    made = installation.install(cluster)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def everywhere(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation | OperatorProcess]:
    """The operator of all workspaces.

    LATEEN_TEST_OPERATOR=process runs it beside the tests, where a changed line needs no image.
    """
    if os.environ.get("LATEEN_TEST_OPERATOR") != "process":
        yield request.getfixturevalue("installed")
        return
    folder = tmp_path_factory.mktemp("operator")
    with operator_process.running(cluster, folder, []) as process:
        yield process


@pytest.fixture
def operator(
    workspace: Workspace, everywhere: Installation | OperatorProcess
) -> Installation | OperatorProcess:
    """An operator that serves the test's workspace."""
    return everywhere


@pytest.fixture(scope="module")
def alone(cluster: Cluster) -> Iterator[None]:
    """No operator but the module's own serves anything."""
    with installation.paused(cluster):
        yield


@pytest.fixture
def own_operator(alone: None, workspace: Workspace, tmp_path: Path) -> Iterator[OperatorProcess]:
    """An operator of the test's workspace alone, which the test may kill.

    Not to be mixed with ``operator``: two would lead.
    """
    namespaces = [workspace.namespace]
    with operator_process.running(workspace.cluster, tmp_path, namespaces) as process:
        yield process


@pytest.fixture(scope="module")
def person(
    request: pytest.FixtureRequest,
    alone: None,
    cluster: Cluster,
    stores: Stores,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Person]:
    """Somebody at a computer with the project that the module's mark names."""
    mark, folder = request.node.get_closest_marker("project"), _folder(request, tmp_path_factory)
    with at_a_computer(cluster, stores, folder, *mark.args, **mark.kwargs) as person:
        yield person


@pytest.fixture(scope="module")
def ground(
    request: pytest.FixtureRequest,
    alone: None,
    cluster: Cluster,
    stores: Stores,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ground]:
    """A workspace for the module's tests, and its operator: a process that tests may kill."""
    with served(cluster, stores, _folder(request, tmp_path_factory)) as made:
        yield made


@pytest.fixture(scope="module")
def space(ground: Ground) -> Space:
    """The workspace of ``ground``."""
    return ground[0]


def _folder(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp(request.path.stem.removeprefix("test_"))
