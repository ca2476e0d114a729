"""Somebody at a computer of their own, with a project, a kubeconfig and a workspace."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cluster import operator_process, places, workspace
from tests.cluster.cluster import Cluster
from tests.cluster.runs import Run, Space
from tests.cluster.stores import Stores
from tests.cluster.workspace import Workspace

PROJECTS = places.HERE / "projects"


@dataclass(frozen=True, slots=True)
class Person:
    """What the SDK and the command line do in this process goes to the workspace."""

    space: Space
    project: Path

    @property
    def workspace(self) -> Workspace:
        return self.space.workspace

    def module(self, name: str) -> ModuleType:
        """A module of the project."""
        return importlib.import_module(name)

    def run(self, view: Any) -> Run:
        """A run of the SDK as the cluster has it."""
        return Run(self.space, view.name, view.id)

    def finished(self, view: Any, seconds: float = 120) -> Any:
        """The run once it has ended, in whatever way."""
        self.run(view).finished(seconds)
        return view.refresh()

    def lateen(self, *words: str, code: int = 0) -> str:
        """What a command prints."""
        from lateen.cli.main import cli

        done = CliRunner().invoke(cli, list(words))
        assert done.exit_code == code, done.output
        return str(done.output)

    def here(self, pipeline: Any, *arguments: Any) -> Any:
        """A run on this computer, whose catalog is the same: quicker than Pods."""
        from lateen.local import target

        return target.default().run(pipeline.compile(*arguments))


@contextmanager
def at_a_computer(
    cluster: Cluster, stores: Stores, folder: Path, project: str | Path, **settings: str
) -> Iterator[Person]:
    """A new workspace with an operator of its own, and a copy of a project: one of ``projects``."""
    made = workspace.create(cluster, stores)
    settings = {"LATEEN_GRACE": "20s", **settings}
    try:
        with (
            operator_process.running(cluster, folder, [made.namespace], **settings),
            _environment(made, folder),
            _project(folder, PROJECTS / project) as root,
        ):
            yield Person(Space.of(cluster, made), root)
    finally:
        # While there is a database still: without one they would try to the end of their grace.
        made.kubectl("delete", "pods", "--all", "--grace-period=1", "--wait=false")
        made.delete()


@contextmanager
def _environment(made: Workspace, folder: Path) -> Iterator[None]:
    from lateen.local import target

    variables = {
        **made.environment,
        "KUBECONFIG": str(made.cluster.kubeconfig),
        "LATEEN_HOME": str(folder / "home"),
        "LATEEN_IMAGE": made.cluster.load("base"),
        "LATEEN_PROGRESS": "none",
        "LATEEN_TARGET": f"cluster:/{made.namespace}",
        "LATEEN_USER": "tester",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield
        target.default().close()


@contextmanager
def _project(folder: Path, original: Path) -> Iterator[Path]:
    """A copy that is a project of its own: the checkout around it does not travel."""
    root = folder / "project"
    shutil.copytree(original, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyproject.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        patch.setattr(sys, "dont_write_bytecode", True)
        yield root
    for module, found in list(sys.modules.items()):
        if str(getattr(found, "__file__", None)).startswith(str(root)):
            del sys.modules[module]
