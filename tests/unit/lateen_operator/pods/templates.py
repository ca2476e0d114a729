"""Pod templates of every kind: those that are allowed, those that are not, and mixtures."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lateen_operator.pods.names import STORE_SECRET
from tests.strategies.specs import json_values

Json = dict[str, Any]

_words = st.sampled_from(["a", "gpu", "zone-1", "team.example.com/x", "10Gi", ""])
_selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}
_node_term = {"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["yes"]}]}
_pod_term = {"labelSelector": _selector, "topologyKey": "zone"}

GOOD_POD: Json = {
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_node_term]},
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": _node_term}
            ],
        },
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [_pod_term],
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 5, "podAffinityTerm": _pod_term}
            ],
        },
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": _selector,
        }
    ],
    "priorityClassName": "batch",
    "runtimeClassName": "gvisor",
    "schedulerName": "volcano",
    "serviceAccountName": "trainer",
    "automountServiceAccountToken": False,
    "imagePullSecrets": [{"name": "registry"}],
    "volumes": [
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "imagenet", "readOnly": True}},
        {"name": "config", "configMap": {"name": "settings", "defaultMode": 420}},
        {
            "name": "keys",
            "secret": {"secretName": "warehouse", "items": [{"key": "a", "path": "b/c"}]},
        },
        {
            "name": "scratch",
            "ephemeral": {
                "volumeClaimTemplate": {
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "storageClassName": "fast",
                        "resources": {"requests": {"storage": "100Gi"}},
                    }
                }
            },
        },
    ],
}
GOOD_CONTAINER: Json = {
    "name": "step",
    "resources": {"requests": {"cpu": 2, "memory": "1Gi"}, "limits": {"nvidia.com/gpu": 1}},
    "env": [
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "warehouse", "key": "key"}}},
        {"name": "CORES", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "MODE", "value": "fast"},
    ],
    "envFrom": [{"prefix": "W_", "secretRef": {"name": "warehouse"}}],
    "volumeMounts": [
        {"name": "shm", "mountPath": "/dev/shm"},
        {"name": "data", "mountPath": "/data", "subPath": "train/2026", "readOnly": True},
    ],
    "imagePullPolicy": "Always",
    "workingDir": "/app",
    "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
}
GOOD: Json = {
    "metadata": {
        "labels": {"user.lateen.dev/team": "vision", "kueue.x-k8s.io/queue-name": "gpus"},
        "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
    },
    "spec": {**GOOD_POD, "containers": [GOOD_CONTAINER]},
}

BAD_POD: Json = {
    "hostNetwork": True,
    "hostPID": True,
    "hostIPC": True,
    "hostUsers": False,
    "shareProcessNamespace": True,
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["postgres"]}],
    "dnsConfig": {"nameservers": ["10.0.0.1"]},
    "dnsPolicy": "None",
    "hostname": "postgres",
    "nodeName": "control-plane",
    "securityContext": {"runAsUser": 0},
    "initContainers": [{"name": "evil", "image": "evil"}],
    "ephemeralContainers": [],
    "automountServiceAccountToken": True,
    "serviceAccount": "admin",
    "priorityClassName": "system-node-critical",
    "activeDeadlineSeconds": 1,
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 0,
    "imagePullSecrets": [{"name": STORE_SECRET}],
    "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
    "containers": [{"name": "publish", "env": [{"name": "A", "value": "b"}]}],
    "resourceClaims": [{"name": "x"}],
    "overhead": {"cpu": "1"},
    "os": {"name": "windows"},
}
BAD_CONTAINER: Json = {
    "name": "publish",
    "image": "evil",
    "command": ["evil"],
    "args": ["evil"],
    "lifecycle": {"postStart": {"exec": {"command": ["evil"]}}},
    "livenessProbe": {},
    "ports": [{"hostPort": 1}],
    "restartPolicy": "Always",
    "volumeDevices": [{"name": "data", "devicePath": "/dev/sda"}],
    "workingDir": "../..",
    "securityContext": {"privileged": True},
    "env": [{"name": "LATEEN_SOCKET", "value": "/tmp/other"}],
    "envFrom": [{"secretRef": {"name": STORE_SECRET}}],
    "volumeMounts": [{"name": "shm", "mountPath": "/lateen/given"}],
    "terminationMessagePath": "/etc/passwd",
}


@st.composite
def some_of(draw: st.DrawFn, good: Json, bad: Json) -> Json:
    """Some good fields, seldom a bad one, seldom garbage."""
    names = draw(st.lists(st.sampled_from(sorted(good)), unique=True))
    chosen = {name: good[name] for name in names}
    if draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(sorted(bad)))
        chosen[name] = bad[name]
    if draw(st.integers(0, 9)) == 0:
        chosen[draw(st.sampled_from(sorted(good)))] = draw(json_values)
    return chosen


@st.composite
def templates(draw: st.DrawFn) -> Any:
    """A template that is often, but not always, allowed."""
    if draw(st.integers(0, 20)) == 0:
        return draw(json_values)
    spec = draw(some_of(GOOD_POD, BAD_POD))
    if draw(st.booleans()) and "containers" not in spec:
        container = {"name": "step", **draw(some_of(GOOD_CONTAINER, BAD_CONTAINER))}
        if "volumeMounts" in container:
            spec.setdefault("volumes", GOOD_POD["volumes"])
        spec["containers"] = [container]
    bad = ["", "team/", "lateen.dev/", "app.kubernetes.io/", "x.k8s.io/"]
    domains = st.sampled_from(["user.lateen.dev/"] * len(bad) + bad)
    key = st.builds("{}{}".format, domains, st.sampled_from(["name", "run", "managed-by"]))
    labels = draw(st.dictionaries(key, _words, max_size=1))
    annotations = {"user.lateen.dev/note": draw(_words)}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}
