"""Where the figures are taken: a namespace of the test cluster, and an operator that serves it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import loading, node, places, stores, workspace
from tests.cluster.cluster import Cluster

if TYPE_CHECKING:
    from lateen_operator.kube import Cluster as Server

PROJECT = Path(__file__).parent / "project"
PORT = 18080
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ground:
    """One namespace, how to reach it, and the operator's process."""

    api: "Server"
    namespace: str
    image: str
    step_image: str
    project: Path
    """The folder with the pipelines, which is the root of a project of its own."""
    operator: int
    """The number of the operator's process."""
    rounds: int
    """How often what has a floor is measured, in turn with it."""

    def metrics(self) -> str:
        """What the operator shows to Prometheus."""
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics") as answer:
            return str(answer.read().decode())


@contextmanager
def ground(rounds: int) -> Iterator[Ground]:
    """Boots the node where none runs, and ends what it started."""
    booted = node.ensure(None, lambda words: print(words, file=sys.stderr))
    try:
        cluster = Cluster(places.kubeconfig(), loading.load)
        os.environ["KUBECONFIG"] = str(places.kubeconfig())
        # The client reads KUBECONFIG when it is imported, and never again.
        from lateen_operator.kube import Cluster as Server

        image, step_image = cluster.load("lateen"), cluster.load("base")
        cluster.kubectl("apply", "--server-side", "-f", "crds")
        space = workspace.create(cluster, stores.ensure(cluster))
        os.environ.update(space.environment)
        try:
            with _project() as project, _operator(image, space.namespace) as operator:
                yield Ground(
                    Server(), space.namespace, image, step_image, project, operator, rounds
                )
        finally:
            space.delete()
    finally:
        if booted:
            node.stop()


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
        yield Path(folder)


@contextmanager
def _operator(image: str, namespace: str) -> Iterator[int]:
    command = [
        *(sys.executable, "-m", "lateen_operator", "--image", image),
        *("--namespaces", namespace, "--election", "off", "--listen", f"127.0.0.1:{PORT}"),
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _until_ready(process)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _until_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the operator ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz").close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the operator did not become ready")
