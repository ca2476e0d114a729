"""Lateen in the cluster, as its chart installs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.request import urlopen

from tests.cluster import places, programs
from tests.cluster.cluster import Cluster
from tests.cluster.trouble import Trouble

CHART = places.PROJECT / "helm" / "lateen"
CRDS = places.PROJECT / "crds"
NAMESPACE = "lateen-system"
DEPLOYMENT = "deployment/lateen-operator"
OLDEST = "1.29.0"


@dataclass(frozen=True, slots=True)
class Installation:
    """The operator's Deployment."""

    cluster: Cluster
    manifest: str

    def kubectl(self, *words: str) -> str:
        """As the cluster's, in the operator's namespace."""
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *words)

    def logs(self) -> str:
        """What all replicas have said."""
        return self.kubectl("logs", "--selector=app.kubernetes.io/name=lateen", "--tail=-1")

    def metrics(self) -> str:
        """What Prometheus would read, of one replica."""
        address = self.cluster.address("lateen-operator-metrics", NAMESPACE)
        with urlopen(f"http://{address}:8080/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def ready(self) -> None:
        """Waits until all replicas are; Trouble with what they said where they do not become so."""
        try:
            self.kubectl("rollout", "status", DEPLOYMENT, "--timeout=120s")
        except Trouble as trouble:
            pods = self.kubectl("get", "pods", "--output=wide")
            raise Trouble(f"{trouble}\n{pods}\n{self.logs()[-4000:]}") from None

    def remove(self) -> None:
        """Takes the operator away, and leaves the definitions with what they define."""
        self.cluster.kubectl("delete", "--ignore-not-found", "-f", "-", given=self.manifest)
        self.cluster.kubectl("delete", "namespace", NAMESPACE)


def install(
    cluster: Cluster, *, replicas: int = 1, settings: Mapping[str, str] | None = None
) -> Installation:
    """Applies the definitions and the chart with this code's image, and waits for the operator."""
    define(cluster)
    image = cluster.load("lateen")
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        }
    )
    repository, _, tag = image.rpartition(":")
    values = {
        "image": {"repository": repository, "tag": tag},
        "replicas": replicas,
        "settings": dict(settings or {}),
    }
    installed = Installation(cluster, rendered(values))
    cluster.apply(installed.manifest)
    # The image's name stays while its contents change.
    installed.kubectl("rollout", "restart", DEPLOYMENT)
    installed.ready()
    return installed


@contextmanager
def paused(cluster: Cluster) -> Iterator[None]:
    """Nobody but a test's own operator serves any namespace meanwhile."""
    found = cluster.get("deployment", DEPLOYMENT.partition("/")[2], NAMESPACE)
    if found is None:
        yield
        return
    installed = Installation(cluster, "")
    installed.kubectl("scale", DEPLOYMENT, "--replicas=0")
    words = ("--selector=app.kubernetes.io/name=lateen", "--for=delete", "--timeout=60s")
    installed.kubectl("wait", "pod", *words)
    try:
        yield
    finally:
        installed.kubectl("scale", DEPLOYMENT, f"--replicas={found['spec']['replicas']}")
        installed.ready()


def define(cluster: Cluster) -> None:
    """Applies the definitions of Runs and Pipelines, and waits until they are served."""
    words = ("--server-side", "--force-conflicts")
    cluster.kubectl("apply", *words, "-f", str(CRDS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))


def rendered(values: Mapping[str, object], kubernetes: str = OLDEST) -> str:
    """The chart's objects with these values, but for the definitions."""
    command = [
        str(programs.program("helm")), "template", "lateen", str(CHART),
        f"--namespace={NAMESPACE}", f"--kube-version={kubernetes}", "--values=-",
    ]  # fmt: skip
    done = subprocess.run(
        command, input=json.dumps(values), text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise Trouble(f"helm template failed: {done.stderr.strip()}")
    return done.stdout
