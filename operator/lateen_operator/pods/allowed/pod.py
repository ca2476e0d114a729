"""A whole podTemplate, and what to write instead of what it may not hold."""

from __future__ import annotations

from functools import cache
from typing import Any

from lateen_operator.pods.allowed.container import CONTAINER
from lateen_operator.pods.allowed.labels import labels
from lateen_operator.pods.allowed.leaves import priority_class, secret_name
from lateen_operator.pods.allowed.scheduling import AFFINITY, SPREAD, TOLERATION
from lateen_operator.pods.allowed.volumes import volume
from lateen_operator.pods.names import STEP
from lateen_operator.pods.rules import Rule, both, fields, items, one_of, refusal, text, values


@cache
def template(allowed_labels: tuple[str, ...]) -> Rule:
    """A whole podTemplate, with the labels and annotations that an installation allows."""
    keys = labels(allowed_labels)
    metadata = fields({"labels": keys, "annotations": keys})
    pod = fields({**_POD, "volumes": items(volume(metadata))}, _INSTEAD)
    return fields({"metadata": metadata, "spec": pod})


def _one_container(value: Any, path: str) -> None:
    if len(value) > 1:
        raise refusal(path, f"the one container that a template may change is {STEP!r}")


_OF_ITS_OWN = "a Pod of a step has a network, processes and a name of its own"
_WHOLE_POD = "it would change the containers that hold the store's credentials too"
_POD: dict[str, Rule] = {
    "nodeSelector": values(text),
    "tolerations": items(TOLERATION),
    "affinity": AFFINITY,
    "topologySpreadConstraints": items(SPREAD),
    "priorityClassName": priority_class,
    "runtimeClassName": text,
    "schedulerName": text,
    "serviceAccountName": text,
    "automountServiceAccountToken": one_of(False),
    "imagePullSecrets": items(fields({"name": secret_name}, needed="name")),
    "containers": both(items(CONTAINER), _one_container),
}
_INSTEAD = {
    **dict.fromkeys(("hostNetwork", "hostPID", "hostIPC", "hostUsers"), _OF_ITS_OWN),
    **dict.fromkeys(("shareProcessNamespace", "hostname", "subdomain"), _OF_ITS_OWN),
    **dict.fromkeys(("hostAliases", "dnsConfig", "dnsPolicy", "securityContext"), _WHOLE_POD),
    "initContainers": "the containers beside the step's are Lateen's own",
    "ephemeralContainers": "the containers beside the step's are Lateen's own",
    "nodeName": "it passes over the scheduler; use nodeSelector or affinity",
    "serviceAccount": "write serviceAccountName",
    "activeDeadlineSeconds": "write the step's own field timeout",
    "restartPolicy": "write the step's own field retry",
    "terminationGracePeriodSeconds": "the operator's settings have it",
}
