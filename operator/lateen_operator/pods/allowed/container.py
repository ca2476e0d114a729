"""What a podTemplate may say about the step's own container."""

from __future__ import annotations

from lateen_operator.pods.allowed.leaves import (
    absolute,
    mount_path,
    relative,
    secret_name,
    variable,
    volume_name,
)
from lateen_operator.pods.names import STEP
from lateen_operator.pods.rules import (
    Rule,
    exactly_one,
    fields,
    items,
    one_of,
    quantity,
    text,
    truth,
    values,
)

_FIELDS_OF_POD = (
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.podIP",
)
_KEY_OF = {"key": text, "optional": truth}
_VALUE_KINDS: dict[str, Rule] = {
    "fieldRef": fields({"fieldPath": one_of(*_FIELDS_OF_POD), "apiVersion": one_of("v1")}),
    "resourceFieldRef": fields(
        {"resource": text, "containerName": one_of(STEP), "divisor": quantity}
    ),
    "configMapKeyRef": fields({"name": text, **_KEY_OF}, needed="name key"),
    "secretKeyRef": fields({"name": secret_name, **_KEY_OF}, needed="name key"),
}
_ENVIRONMENT = fields(
    {
        "name": variable,
        "value": text,
        "valueFrom": exactly_one(tuple(_VALUE_KINDS), fields(_VALUE_KINDS)),
    },
    needed="name",
)
_SOURCES: dict[str, Rule] = {
    "secretRef": fields({"name": secret_name, "optional": truth}, needed="name"),
    "configMapRef": fields({"name": text, "optional": truth}, needed="name"),
}
_ENVIRONMENT_SOURCE = exactly_one(tuple(_SOURCES), fields({"prefix": text, **_SOURCES}))
_MOUNT = fields(
    {"name": volume_name, "mountPath": mount_path, "subPath": relative, "readOnly": truth},
    needed="name mountPath",
)
_SECURITY = fields(
    {
        "readOnlyRootFilesystem": truth,
        "allowPrivilegeEscalation": one_of(False),
        "privileged": one_of(False),
        "runAsNonRoot": one_of(True),
        "capabilities": fields({"drop": items(text)}, {"add": "a step has no capabilities"}),
        "seccompProfile": fields({"type": one_of("RuntimeDefault")}),
    },
    dict.fromkeys(
        ("runAsUser", "runAsGroup"),
        "all containers of a step share one user, which the operator's settings name",
    ),
)
_OF_SERVERS = (
    *("ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"),
    *("stdin", "stdinOnce", "tty"),
)
CONTAINER = fields(
    {
        "name": one_of(STEP),
        "resources": fields(
            {"requests": values(quantity), "limits": values(quantity)},
            {"claims": "dynamic resources are not supported"},
        ),
        "env": items(_ENVIRONMENT),
        "envFrom": items(_ENVIRONMENT_SOURCE),
        "volumeMounts": items(_MOUNT),
        "imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
        "workingDir": absolute,
        "securityContext": _SECURITY,
    },
    {
        "image": "write the step's own field image",
        "command": "write the step's own field command",
        "args": "write the step's own field command",
        "restartPolicy": "write the step's own field retry",
        **dict.fromkeys(_OF_SERVERS, "a step runs to its end and serves nothing"),
    },
    needed="name",
)
