"""kubectl: of the node's own version, and the machine's for any other cluster."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import places, programs
from tests.cluster.trouble import Trouble


def command(*words: str, kubeconfig: Path | None = None) -> Sequence[str]:
    """The whole command, as the administrator."""
    own = kubeconfig in (None, places.kubeconfig())
    program = [str(programs.program("kube")), "kubectl"] if own else ["kubectl"]
    return [*program, f"--kubeconfig={kubeconfig or places.kubeconfig()}", *words]


def attempt(
    *words: str, given: str | None = None, kubeconfig: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs it and takes what it says, whatever that is."""
    return subprocess.run(
        command(*words, kubeconfig=kubeconfig),
        input=given,
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, "KUBECACHEDIR": str(places.node() / "kubectl")},
    )


def run(*words: str, given: str | None = None) -> str:
    """What it says; Trouble where it fails."""
    done = attempt(*words, given=given)
    if done.returncode:
        raise Trouble(f"kubectl {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout


def output(*words: str) -> str:
    """What it says, and nothing where it fails."""
    done = attempt(*words)
    return done.stdout if done.returncode == 0 else ""


def succeeds(*words: str) -> bool:
    """Whether it does."""
    return attempt(*words).returncode == 0
