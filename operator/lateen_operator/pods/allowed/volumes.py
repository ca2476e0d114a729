"""The volumes that a podTemplate may bring."""

from __future__ import annotations

from lateen_operator.pods.allowed.leaves import LABELS, relative, secret_name, volume_name
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
    whole,
)

_KEYS = items(fields({"key": text, "path": relative, "mode": whole}, needed="key path"))
_FILES: dict[str, Rule] = {"items": _KEYS, "defaultMode": whole, "optional": truth}
_FILLED = ("dataSource", "dataSourceRef", "volumeName", "selector")
_CLAIM = fields(
    {
        "metadata": fields({"labels": LABELS, "annotations": LABELS}),
        "spec": fields(
            {
                "accessModes": items(text),
                "storageClassName": text,
                "volumeMode": one_of("Filesystem"),
                "resources": fields({"requests": values(quantity)}),
            },
            dict.fromkeys(_FILLED, "a new volume begins empty"),
        ),
    },
    needed="spec",
)
_VOLUME_KINDS: dict[str, Rule] = {
    "emptyDir": fields({"sizeLimit": quantity, "medium": one_of("", "Memory")}),
    "persistentVolumeClaim": fields({"claimName": text, "readOnly": truth}, needed="claimName"),
    "configMap": fields({"name": text, **_FILES}, needed="name"),
    "secret": fields({"secretName": secret_name, **_FILES}, needed="secretName"),
    "ephemeral": fields({"volumeClaimTemplate": _CLAIM}, needed="volumeClaimTemplate"),
}
VOLUME = exactly_one(
    tuple(_VOLUME_KINDS),
    fields(
        {"name": volume_name, **_VOLUME_KINDS},
        {
            "hostPath": "a step sees nothing of its node; use a persistentVolumeClaim",
            "projected": "no tokens; use a configMap or a secret volume for each source",
            "csi": "use a persistentVolumeClaim or an ephemeral volume of that driver",
            "downwardAPI": "use env with a fieldRef",
        },
        needed="name",
    ),
)
