"""What a step's Pod and the things in it are called."""

from __future__ import annotations

import hashlib

from lateen.domain.names import dns_name

STORE_SECRET = "lateen-stores"
"""The workspace's Secret with the credentials of catalog and store; only our containers have it."""

RESOLVE, STEP, PUBLISH = "resolve", "step", "publish"
"""The containers."""
OURS = "lateen-"
"""How the names of our volumes begin."""
GIVEN_VOLUME, WORK_VOLUME, TEMPORARY_VOLUME = f"{OURS}given", f"{OURS}work", f"{OURS}tmp"

LABEL_DOMAIN = "lateen.dev/"
MANAGED_BY = "app.kubernetes.io/managed-by"
RUN_LABEL = f"{LABEL_DOMAIN}run"
RUN_UID_LABEL = f"{LABEL_DOMAIN}run-uid"
STEP_LABEL = f"{LABEL_DOMAIN}step"
ATTEMPT_LABEL = f"{LABEL_DOMAIN}attempt"
PIPELINE_LABEL = f"{LABEL_DOMAIN}pipeline"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Whose log `kubectl logs` shows where none is named."""
SELECTOR = f"{MANAGED_BY}=lateen"
"""Selects the Pods of steps."""

LONGEST_LABEL = 63
_LONGEST_RUN, _LONGEST_STEP = 30, 20


def pod_name(run_name: str, run_uid: str, step: str, n: int) -> str:
    """The Pod of an attempt: the same for the same attempt, another for any other one."""
    tail = f"-{_start(step, _LONGEST_STEP)}-{_hash8(run_uid, step)}-{n}"
    # A Pod's name is also its host's name, of which a node keeps 63 characters.
    return _start(run_name, min(_LONGEST_RUN, LONGEST_LABEL - len(tail))) + tail


def _start(name: str, longest: int) -> str:
    return dns_name(name)[:longest].strip("-") or "x"


def _hash8(run_uid: str, step: str) -> str:
    return hashlib.sha256(f"{run_uid}/{step}".encode()).hexdigest()[:8]


def label_value(name: str) -> str:
    """As much of a name as a label holds."""
    return name[:LONGEST_LABEL].strip("-_.")
