"""The volumes that a podTemplate may bring."""

from __future__ import annotations

from lateen_operator.pods.allowed.leaves import relative, secret_name, volume_name
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
_CLAIM_SPEC = fields(
    {
        "accessModes": items(text),
        "storageClassName": text,
        "volumeMode": one_of("Filesystem"),
        "resources": fields({"requests": values(quantity)}),
    },
    dict.fromkeys(_FILLED, "a new volume begins empty"),
)
_VOLUME_KINDS: dict[str, Rule] = {
    "emptyDir": fields({"sizeLimit": quantity, "medium": one_of("", "Memory")}),
    "persistentVolumeClaim": fields({"claimName": text, "readOnly": truth}, needed="claimName"),
    "configMap": fields({"name": text, **_FILES}, needed="name"),
    "secret": fields({"secretName": secret_name, **_FILES}, needed="secretName"),
}
_INSTEAD = {
    "hostPath": "a step sees nothing of its node; use a persistentVolumeClaim",
    "projected": "no tokens; use a configMap or a secret volume for each source",
    "csi": "use a persistentVolumeClaim or an ephemeral volume of that driver",
    "downwardAPI": "use env with a fieldRef",
}


def volume(metadata: Rule) -> Rule:
    """A volume; ``metadata`` is that of the claim that an ephemeral one makes."""
    claim = fields({"metadata": metadata, "spec": _CLAIM_SPEC}, needed="spec")
    ephemeral = fields({"volumeClaimTemplate": claim}, needed="volumeClaimTemplate")
    kinds = {**_VOLUME_KINDS, "ephemeral": ephemeral}
    allowed = fields({"name": volume_name, **kinds}, _INSTEAD, needed="name")
    return exactly_one(tuple(kinds), allowed)
