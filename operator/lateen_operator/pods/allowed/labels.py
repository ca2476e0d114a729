"""The labels and annotations that a podTemplate may bring."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from lateen_operator.pods.names import LABEL_DOMAIN
from lateen_operator.pods.rules import Rule, refusal, text, values

USERS = f"user.{LABEL_DOMAIN}"
"""The domain in which users choose keys as they like: no Service and no controller knows it."""
ALWAYS = (
    f"{USERS}*",
    "cluster-autoscaler.kubernetes.io/safe-to-evict",
    "karpenter.sh/do-not-disrupt",
    "kueue.x-k8s.io/priority-class",
    "kueue.x-k8s.io/queue-name",
    "linkerd.io/inject",
    "sidecar.istio.io/inject",
)
"""What is allowed everywhere: whole keys, for in most domains others reach further."""


def labels(further: Iterable[str]) -> Rule:
    """Labels or annotations whose keys are allowed always, or match one of these patterns.

    What an installation's Services select by, and what its controllers do for an annotation, only
    those know who run it; so all else is refused.
    """
    patterns = (*ALWAYS, *further)

    def key(value: Any, path: str) -> None:
        domain, _, name = str(value).rpartition("/")
        ours = f".{domain}/".endswith(f".{LABEL_DOMAIN}")
        if ours and f"{domain}/" != USERS:
            raise refusal(path, f"not allowed: it is Lateen's own; write {USERS}{name}")
        if not any(_matches(str(value), pattern) for pattern in patterns):
            raise refusal(path, _REFUSED.format(own=USERS + name, always=", ".join(ALWAYS[1:])))

    return values(text, key)


_REFUSED = (
    "not allowed: a Service or a controller of the cluster may know the key, and take the step's"
    " Pod for another's; write {own}, or ask whoever runs Lateen to name it in the operator's"
    " setting LATEEN_ALLOWED_LABELS (allowedLabels in the chart). Always allowed: {always}"
)


def _matches(key: str, pattern: str) -> bool:
    """Whether a key matches; a ``*`` stays on its side of the slash."""
    of_key, of_pattern = key.rpartition("/"), pattern.rpartition("/")
    return all(map(fnmatchcase, of_key, of_pattern))
