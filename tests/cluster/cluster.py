"""A cluster as tests see it, whoever provides it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from tests.cluster import kubectl, places
from tests.cluster.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster whose API server, Services and Pods this process reaches."""

    kubeconfig: Path
    load: Callable[[str], str]
    """Brings one of ``images.IMAGES`` to the nodes; what Pods call it."""

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """What kubectl says; Trouble where it fails."""
        done = self.attempt(*words, given=given)
        if done.returncode:
            raise Trouble(f"kubectl {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout

    def attempt(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl and takes what it says, whatever that is."""
        return kubectl.attempt(*words, given=given, kubeconfig=self.kubeconfig)

    def apply(self, manifest: str | Mapping[str, Any], *words: str) -> str:
        """Creates what the manifest describes, or changes it to be so."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.kubectl("apply", "-f", "-", *words, given=text)

    def apply_file(self, name: str, **values: str) -> str:
        """Applies a file of ``manifests`` with the values put in."""
        template = Template((places.HERE / "manifests" / name).read_text())
        return self.apply(template.substitute(values))

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """An object, or None where there is none."""
        words = [] if namespace is None else [f"--namespace={namespace}"]
        said = self.kubectl("get", kind, name, "-o=json", "--ignore-not-found", *words)
        return json.loads(said) if said else None

    def address(self, service: str, namespace: str) -> str:
        """The address of a Service, for Pods and for this process alike."""
        found = self.get("service", service, namespace)
        if found is None:
            raise Trouble(f"there is no Service {service} in {namespace}")
        return str(found["spec"]["clusterIP"])

    @property
    def environment(self) -> dict[str, str]:
        """For a process that finds the cluster as people's do."""
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
