"""What a podTemplate may say about the node that its Pod runs on."""

from __future__ import annotations

from lateen_operator.pods.rules import fields, items, text, values, whole

_EXPRESSION = fields({"key": text, "operator": text, "values": items(text)})
_SELECTOR = fields({"matchLabels": values(text), "matchExpressions": items(_EXPRESSION)})

_NODE_TERM = fields({"matchExpressions": items(_EXPRESSION), "matchFields": items(_EXPRESSION)})
_REQUIRED, _PREFERRED = (
    f"{rule}DuringSchedulingIgnoredDuringExecution" for rule in ("required", "preferred")
)
_NODE_AFFINITY = fields(
    {
        _REQUIRED: fields({"nodeSelectorTerms": items(_NODE_TERM)}),
        _PREFERRED: items(fields({"weight": whole, "preference": _NODE_TERM})),
    }
)
_POD_TERM = fields(
    {
        "labelSelector": _SELECTOR,
        "topologyKey": text,
        "matchLabelKeys": items(text),
        "mismatchLabelKeys": items(text),
    },
    dict.fromkeys(("namespaces", "namespaceSelector"), "Pods of this namespace only"),
)
_POD_AFFINITY = fields(
    {
        _REQUIRED: items(_POD_TERM),
        _PREFERRED: items(fields({"weight": whole, "podAffinityTerm": _POD_TERM})),
    }
)
AFFINITY = fields(
    {
        "nodeAffinity": _NODE_AFFINITY,
        "podAffinity": _POD_AFFINITY,
        "podAntiAffinity": _POD_AFFINITY,
    }
)
TOLERATION = fields(
    {"key": text, "operator": text, "value": text, "effect": text, "tolerationSeconds": whole}
)
SPREAD = fields(
    {
        "maxSkew": whole,
        "topologyKey": text,
        "whenUnsatisfiable": text,
        "labelSelector": _SELECTOR,
        "minDomains": whole,
        "nodeAffinityPolicy": text,
        "nodeTaintsPolicy": text,
        "matchLabelKeys": items(text),
    }
)
