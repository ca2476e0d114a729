"""What a podTemplate may hold, and that nothing that it may hold changes what is Lateen's."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given, settings

from lateen.domain.errors import UserError
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.names import STORE_SECRET
from lateen_operator.pods.template import check_template
from tests.strategies.specs import anything_anywhere, json_values
from tests.unit.lateen_operator.pods.made import RUN, SETTINGS, SPEC, TRAIN
from tests.unit.lateen_operator.pods.templates import (
    BAD_CONTAINER,
    BAD_POD,
    GOOD,
    GOOD_CONTAINER,
    GOOD_POD,
    templates,
)


def built(template: Any) -> dict[str, Any]:
    return build_pod(RUN, SPEC, replace(TRAIN, pod_template=template), 1, SETTINGS)


def refusal(template: Any) -> str:
    with pytest.raises(UserError) as caught:
        check_template(template)
    return str(caught.value)


def in_pod(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def in_container(**fields: Any) -> dict[str, Any]:
    return in_pod(volumes=GOOD_POD["volumes"], containers=[{"name": "step", **fields}])


def test_all_that_is_allowed_reaches_the_pod() -> None:
    pod = built(GOOD)
    spec, (_, step) = pod["spec"], pod["spec"]["containers"]
    assert pod["metadata"]["labels"]["user.lateen.dev/team"] == "vision"
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert spec["tolerations"][0]["key"] == "gpu"
    for name in ("affinity", "topologySpreadConstraints", "serviceAccountName", "schedulerName"):
        assert spec[name] == GOOD_POD[name]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["volumes"][3:] == GOOD_POD["volumes"]
    assert step["volumeMounts"][2:] == GOOD_CONTAINER["volumeMounts"]
    assert [it["name"] for it in step["env"] if it in GOOD_CONTAINER["env"]] == [
        *("NODE", "KEY", "CORES", "MODE")
    ]
    assert step["envFrom"] == GOOD_CONTAINER["envFrom"]
    assert step["imagePullPolicy"] == "Always"
    assert step["workingDir"] == "/app"
    assert step["securityContext"]["readOnlyRootFilesystem"] is True


def test_an_empty_template_changes_nothing() -> None:
    check_template({})
    assert built({}) == built({"metadata": {}, "spec": {"containers": []}})


@pytest.mark.parametrize("name", sorted(BAD_POD))
def test_a_field_of_the_pod_that_is_not_allowed_is_named(name: str) -> None:
    assert f"podTemplate.spec.{name}" in refusal(in_pod(**{name: BAD_POD[name]}))


@pytest.mark.parametrize("name", sorted(BAD_CONTAINER))
def test_a_field_of_the_container_that_is_not_allowed_is_named(name: str) -> None:
    field = {**GOOD_CONTAINER, name: BAD_CONTAINER[name]}
    assert f"podTemplate.spec.containers[0].{name}" in refusal(in_container(**field))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (
            in_pod(hostNetwork=True),
            "podTemplate.spec.hostNetwork: not allowed: a Pod of a step has a network, processes"
            " and a name of its own",
        ),
        (
            in_pod(hostAliases=[]),
            "podTemplate.spec.hostAliases: not allowed: it would change the containers that hold"
            " the store's credentials too",
        ),
        (
            in_pod(nodeSelectr={}),
            "podTemplate.spec.nodeSelectr: there is no such field that Lateen allows; did you mean"
            " 'nodeSelector'?",
        ),
        (
            in_container(image="x"),
            "podTemplate.spec.containers[0].image: not allowed: write the step's own field image",
        ),
        (
            {"podSpecPatch": "{}"},
            "podTemplate.podSpecPatch: not allowed; what may stand here: metadata, spec",
        ),
        (
            in_pod(volumes=[{"name": "x", "projected": {"sources": []}}]),
            "podTemplate.spec.volumes[0].projected: not allowed: no tokens; use a configMap or a"
            " secret volume for each source",
        ),
        (
            in_pod(tolerations=[{"tolerationSeconds": -1}]),
            "podTemplate.spec.tolerations[0].tolerationSeconds: a whole number from 0 on is needed,"
            " not -1",
        ),
        (in_pod(nodeSelector=None), "podTemplate.spec.nodeSelector: an object is needed, not None"),
        (
            in_container(volumeMounts=[{"name": "nowhere", "mountPath": "/x"}]),
            "podTemplate.spec.containers[0].volumeMounts[0]: there is no volume 'nowhere' in"
            " podTemplate.spec.volumes",
        ),
        (
            in_pod(containers=[{"name": "step"}, {"name": "step"}]),
            "podTemplate.spec.containers: the one container that a template may change is 'step'",
        ),
    ],
)
def test_a_refusal_says_where_and_what_to_do(template: Any, words: str) -> None:
    assert refusal(template) == words


_SECRET_USES = {
    "secret volume": in_pod(volumes=[{"name": "x", "secret": {"secretName": STORE_SECRET}}]),
    "pull secret": in_pod(imagePullSecrets=[{"name": STORE_SECRET}]),
    "envFrom": in_container(envFrom=[{"secretRef": {"name": STORE_SECRET}}]),
    "env": in_container(
        env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": STORE_SECRET, "key": "k"}}}]
    ),
    "annotation": {"metadata": {"annotations": {"user.lateen.dev/x": f"x,{STORE_SECRET}"}}},
    "claim of a driver": in_pod(
        volumes=[
            {
                "name": "x",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "metadata": {"annotations": {"user.lateen.dev/x": STORE_SECRET}},
                        "spec": {},
                    }
                },
            }
        ]
    ),
}


@pytest.mark.parametrize("use", sorted(_SECRET_USES))
def test_the_store_s_secret_is_refused_wherever_it_stands(use: str) -> None:
    assert STORE_SECRET in refusal(_SECRET_USES[use])


@pytest.mark.parametrize("use", ["secret volume", "pull secret", "envFrom", "env"])
def test_where_a_secret_is_named_the_refusal_says_what_that_one_is(use: str) -> None:
    assert "'lateen-stores' holds the credentials of the store" in refusal(_SECRET_USES[use])


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        (in_pod(containers=[{"workingDir": "/app"}]), "containers[0]: 'name' is missing"),
        (in_pod(volumes=[{"emptyDir": {}}]), "volumes[0]: 'name' is missing"),
        (in_pod(imagePullSecrets=[{}]), "imagePullSecrets[0]: 'name' is missing"),
        (in_container(volumeMounts=[{"name": "shm"}]), "[0]: 'mountPath' is missing"),
        (in_container(env=[{"value": "x"}]), "env[0]: 'name' is missing"),
        (in_container(envFrom=[{"secretRef": {}}]), "secretRef: 'name' is missing"),
    ],
)
def test_what_has_to_be_there_is_named(template: Any, missing: str) -> None:
    assert missing in refusal(template)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/lateen", "/lateen/given", "/lateen/work/code", "/proc", "/sys/fs", "/dev"),
        *("data", "/data/", "/data/../lateen/given", "//lateen/given", "/a:b", "/a\n", ""),
    ],
)
def test_nothing_is_mounted_over_what_is_lateen_s_or_the_kernel_s(path: str) -> None:
    mounts = [{"name": "shm", "mountPath": path}]
    assert "volumeMounts[0].mountPath" in refusal(in_container(volumeMounts=mounts))


def test_volumes_have_names_of_their_own() -> None:
    twice = [{"name": "x", "emptyDir": {}}, {"name": "x", "emptyDir": {}}]
    assert "each volume needs a name of its own" in refusal(in_pod(volumes=twice))
    ours = [{"name": "lateen-given", "emptyDir": {}}]
    assert "volumes[0].name" in refusal(in_pod(volumes=ours))
    assert "exactly one of" in refusal(in_pod(volumes=[{"name": "x"}]))


_OTHERS = [
    *("app", "team", "cnpg.io/cluster", "app.kubernetes.io/name", "v1.min.io/tenant", "spilo-role"),
    *("k8s.v1.cni.cncf.io/networks", "sidecar.istio.io/userVolume", "kubernetes.io/x", "", "/"),
    *("evil-lateen.dev/x", "user.lateen.dev/x/app", "kueue.x-k8s.io/queue-names"),
]
_LATEEN_S = ["lateen.dev/run", "x.lateen.dev/run", "x.user.lateen.dev/run"]


def with_key(key: str, part: str = "labels") -> Any:
    return {"metadata": {part: {key: "x"}}}


@pytest.mark.parametrize("key", [*_OTHERS, *_LATEEN_S])
@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_no_label_is_allowed_by_which_a_service_could_take_a_step_for_its_own(
    part: str, key: str
) -> None:
    assert f"podTemplate.metadata.{part}[{key!r}]" in refusal(with_key(key, part))
    claim = {"volumeClaimTemplate": {**with_key(key, part), "spec": {}}}
    assert key in refusal(in_pod(volumes=[{"name": "x", "ephemeral": claim}]))


@pytest.mark.parametrize(
    "key",
    [
        *("user.lateen.dev/team", "sidecar.istio.io/inject", "kueue.x-k8s.io/queue-name"),
        *("cluster-autoscaler.kubernetes.io/safe-to-evict", "linkerd.io/inject"),
    ],
)
def test_what_clusters_commonly_need_is_allowed_everywhere(key: str) -> None:
    check_template(with_key(key))
    check_template(with_key(key, "annotations"))


@pytest.mark.parametrize(
    ("patterns", "allowed", "refused"),
    [
        (("team", "cost.example.com/*"), ["team", "cost.example.com/centre"], ["teams", "app"]),
        (("team-*",), ["team-a"], ["team-a.example.com/app", "x/team-a"]),
        (("*.example.com/*",), ["a.example.com/b"], ["example.com/b", "app"]),
        (("app.kubernetes.io/name",), ["app.kubernetes.io/name"], ["app.kubernetes.io/instance"]),
        (("*",), ["app"], ["cnpg.io/cluster"]),
        (("*", "*/*"), ["app", "cnpg.io/cluster"], _LATEEN_S),
    ],
)
def test_an_installation_says_what_else_is_allowed(
    patterns: tuple[str, ...], allowed: list[str], refused: list[str]
) -> None:
    for key in allowed:
        check_template(with_key(key), patterns)
    for key in refused:
        with pytest.raises(UserError):
            check_template(with_key(key), patterns)


def test_a_label_that_is_refused_is_answered_with_what_to_do() -> None:
    words = refusal(with_key("cnpg.io/cluster"))
    assert "write user.lateen.dev/cluster" in words
    assert "LATEEN_ALLOWED_LABELS (allowedLabels in the chart)" in words
    assert "Lateen's own; write user.lateen.dev/run" in refusal(with_key("lateen.dev/run"))


def test_the_pod_is_built_by_the_same_setting() -> None:
    allowing = replace(SETTINGS, allowed_labels=("team",))
    step = replace(TRAIN, pod_template=with_key("team"))
    pod = build_pod(RUN, SPEC, step, 1, allowing)
    assert pod["metadata"]["labels"]["team"] == "x"
    with pytest.raises(UserError):
        build_pod(RUN, SPEC, step, 1, SETTINGS)


def test_a_template_that_is_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"spec": deep}
    assert "nested more than" in refusal(deep)


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for item in value.values() for key in keys_of(item))}
    if isinstance(value, list):
        return {key for item in value for key in keys_of(item)}
    return set()


PLAIN = built({})
FORBIDDEN = {
    *("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostPath", "hostAliases"),
    *("dnsConfig", "dnsPolicy", "projected", "serviceAccountToken", "csi", "nodeName", "hostPort"),
    *("procMount", "add", "privileged", "lifecycle", "activeDeadlineSeconds", "volumeDevices"),
}


@given(templates())
@settings(max_examples=400, deadline=None)
def test_what_is_lateen_s_stays_whatever_is_allowed(template: Any) -> None:
    before = deepcopy(template)
    try:
        check_template(template)
    except UserError:
        event("refused")
        return
    event("allowed")
    pod = built(template)
    assert template == before
    assert built(template) == pod
    spec, (publish, step) = pod["spec"], pod["spec"]["containers"]
    assert not FORBIDDEN & keys_of(pod)
    assert publish == PLAIN["spec"]["containers"][0]
    assert spec["initContainers"] == PLAIN["spec"]["initContainers"]
    for field in ("securityContext", "restartPolicy", "automountServiceAccountToken"):
        assert spec[field] == PLAIN["spec"][field]
    assert pod["metadata"]["ownerReferences"] == PLAIN["metadata"]["ownerReferences"]
    assert PLAIN["metadata"]["labels"].items() <= pod["metadata"]["labels"].items()
    assert spec["volumes"][:3] == PLAIN["spec"]["volumes"]
    for field in ("image", "command"):
        assert step[field] == PLAIN["spec"]["containers"][1][field]
    assert step["volumeMounts"][:2] == PLAIN["spec"]["containers"][1]["volumeMounts"]
    assert step["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert step["securityContext"]["allowPrivilegeEscalation"] is False
    assert STORE_SECRET not in json.dumps([step, spec["volumes"], spec.get("imagePullSecrets")])


def allowed_or_refused(template: Any) -> None:
    try:
        check_template(template)
    except UserError:
        return
    built(template)


@given(json_values)
def test_no_json_makes_the_check_fail_otherwise(template: Any) -> None:
    allowed_or_refused(template)


@given(anything_anywhere(GOOD))
@settings(max_examples=200)
def test_a_single_change_of_what_is_allowed_is_allowed_or_refused(template: Any) -> None:
    allowed_or_refused(template)
