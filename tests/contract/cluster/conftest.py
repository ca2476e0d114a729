"""A real API server, a namespace of its own for each test, a real catalog and a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.runs import Origin
from tests.cluster import installation
from tests.cluster.cluster import Cluster


@dataclass(frozen=True)
class Kubectl:
    """The administrator, in one namespace."""

    cluster: Cluster
    namespace: str

    def __call__(self, *words: str, given: Any = None) -> str:
        """What the command prints; ``given`` is JSON on its standard input."""
        words = (f"--namespace={self.namespace}", *words)
        return self.cluster.kubectl(*words, given=None if given is None else json.dumps(given))

    def run(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("get", "run", name, "-o", "json"))
        return found

    def show(self, name: str, status: dict[str, Any]) -> None:
        """Writes a status, as an operator does."""
        patch = json.dumps({"status": status})
        self("patch", "run", name, "--subresource=status", "--type=merge", "-p", patch)


@pytest.fixture(scope="module")
def unserved(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster while no operator but the tests themselves serves Runs."""
    with installation.paused(cluster):
        yield cluster


@pytest.fixture
def kubectl(unserved: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubectl]:
    """A namespace that goes with the test, which is where the target's runs go."""
    namespace = f"test-{uuid4().hex[:10]}"
    call = Kubectl(unserved, namespace)
    call("create", "namespace", namespace)
    monkeypatch.setenv("KUBECONFIG", str(unserved.kubeconfig))
    monkeypatch.setenv("LATEEN_TARGET", f"cluster:/{namespace}")
    yield call
    call("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def catalog(
    emptied: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Catalog]:
    """The catalog of the namespace, which the target uses beside a store in a folder."""
    from lateen.local import target

    url = emptied()
    monkeypatch.setenv("LATEEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LATEEN_DATABASE_URL", url)
    monkeypatch.setenv("LATEEN_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("LATEEN_USER", "tester")
    monkeypatch.setenv("LATEEN_PROGRESS", "none")
    monkeypatch.delenv("LATEEN_IMAGE", raising=False)
    found = Catalog(url)
    yield found
    found.close()
    target.default().close()


FLOW = """\
from typing import Annotated

from lateen import ExternalArtifact, pipeline, step
from shared.numbers import FACTOR

@step
def load(n: int) -> Annotated[list, "numbers"]:
    return [FACTOR] * n

@step
def total(numbers: list, more: list) -> Annotated[int, "total"]:
    return sum(numbers) + sum(more)

@pipeline(image="registry.example.com/flow:1")
def summing(n: int = 4):
    return total(load(n), ExternalArtifact(value=[1, 2]))

@pipeline
def bare(n: int = 4):
    return load(n)
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of a project in which a package lies beside the pipelines."""
    from lateen.cli.loading import load_module

    project = tmp_path / "project"
    name = f"flow_{uuid4().hex[:8]}"
    (project / "flows").mkdir(parents=True)
    (project / "shared").mkdir()
    (project / "pyproject.toml").touch()
    (project / "shared" / "numbers.py").write_text("FACTOR = 3\n")
    (project / "flows" / f"{name}.py").write_text(FLOW)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for module in [each for each in sys.modules if each.split(".")[0] in ("shared", "flows")]:
        del sys.modules[module]
    yield load_module(project / "flows" / f"{name}.py")
    for module in [each for each in sys.modules if each.split(".")[0] in ("shared", "flows")]:
        del sys.modules[module]


@dataclass(frozen=True)
class Operator:
    """Does by hand, in a test, what the operator does with a run."""

    kubectl: Kubectl
    catalog: Catalog

    def accept(self, name: str) -> str:
        """Records the run; its id."""
        from lateen.resources import RunResource, run_pipeline_spec

        found = RunResource.lenient_from(self.kubectl.run(name))
        spec = run_pipeline_spec(found)
        assert spec is not None
        uid = str(found.metadata.uid)
        self.catalog.runs.create(
            uid,
            name,
            spec,
            {"n": 4, **(found.spec.parameters or {})},
            target="cluster",
            origin=Origin("tester"),
        )
        return uid

    def show(self, name: str, phase: str, **steps: dict[str, Any]) -> None:
        """Writes how far the run has come."""
        accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}
        self.kubectl.show(name, {"phase": phase, "steps": steps, "conditions": [accepted]})

    def finish(self, name: str, uid: str, phase: str, message: str = "", **steps: Any) -> None:
        """Ends the run: first in the catalog, then in its status."""
        told = {"phase": phase, "reason": phase, "message": message, "run": uid}
        ends = {
            step: {"phase": found["phase"], "reason": "", "message": found.get("message", "")}
            for step, found in steps.items()
        }
        self.catalog.runs.finish({**told, "steps": ends})
        self.show(name, phase, **steps)


@pytest.fixture
def operator(kubectl: Kubectl, catalog: Catalog) -> Operator:
    return Operator(kubectl, catalog)
