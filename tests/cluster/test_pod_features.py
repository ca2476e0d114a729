"""What a spec asks of its Pods is in the Pods that are made, and in what their steps see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lateen.domain.artifacts import Content, Manifest
from tests.cluster import installation
from tests.cluster.api import CORE, Json
from tests.cluster.cluster import Cluster
from tests.cluster.runs import Run, Space, served, shell
from tests.cluster.stores import Stores

LONG = 150
"""Seconds for a Run of several Pods on a busy machine."""
VOLUMES: list[Json] = [
    {"name": "settings", "configMap": {"name": "settings"}},
    {"name": "keys", "secret": {"secretName": "keys", "items": [{"key": "KEY", "path": "key"}]}},
    {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}},
    {"name": "scratch", "emptyDir": {"sizeLimit": "8Mi", "medium": "Memory"}},
]
MOUNTS: list[Json] = [
    {"name": "settings", "mountPath": "/settings", "readOnly": True},
    {"name": "keys", "mountPath": "/keys"},
    {"name": "disk", "mountPath": "/disk"},
    {"name": "scratch", "mountPath": "/scratch"},
]
AFFINITY: Json = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [
                        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
                    ]
                }
            ]
        }
    }
}
TOLERATION: Json = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
TEMPLATE: Json = {
    "metadata": {
        "labels": {"user.lateen.dev/team": "flowers"},
        "annotations": {"user.lateen.dev/why": "because"},
    },
    "spec": {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [TOLERATION],
        "affinity": AFFINITY,
        "imagePullSecrets": [{"name": "pull"}],
        "serviceAccountName": "worker",
        "volumes": VOLUMES,
        "containers": [
            {
                "name": "step",
                "env": [
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
                ],
                "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "SET_"}],
                "volumeMounts": MOUNTS,
            }
        ],
    },
}
RESOURCES: Json = {
    "requests": {"cpu": "20m", "memory": "40Mi"},
    "limits": {"cpu": "1", "memory": "200Mi"},
}
SEES = """
ls -d /var/run/secrets/* > /lateen/work/secrets 2>/dev/null || true
echo kept >> /disk/kept
cp /settings/COLOR $LATEEN_OUTPUTS/out/color
cp /keys/key $LATEEN_OUTPUTS/out/key
wc -l < /disk/kept > $LATEEN_OUTPUTS/out/kept
cp /lateen/work/secrets $LATEEN_OUTPUTS/out/secrets
env | sort > $LATEEN_OUTPUTS/out/env
df -m /scratch /lateen/work | awk 'NR > 1 {print $1, $2}' > $LATEEN_OUTPUTS/out/sizes
id > $LATEEN_OUTPUTS/out/id
! touch /settings/x 2>/dev/null
"""


@pytest.fixture(scope="module")
def space(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Space]:
    with served(cluster, stores, tmp_path_factory.mktemp("features"), LATEEN_POLL="2s") as (
        made,
        _,
    ):
        yield made


@pytest.fixture(scope="module")
def brought(space: Space) -> Iterator[None]:
    """What the step's Pod names: a ConfigMap, Secrets, a ServiceAccount, and a claim."""
    namespace = space.namespace
    volume = f"disk-{namespace}"
    size = {"storage": "1Mi"}
    objects: list[Json] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"COLOR": "green"}, "name": "settings"},
        {"apiVersion": "v1", "kind": "Secret", "stringData": {"KEY": "k3y"}, "name": "keys"},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": '{"auths": {}}'},
            "name": "pull",
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "name": "worker"},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "volumeName": volume,
                "resources": {"requests": size},
            },
            "name": "disk",
        },
    ]
    folder = f"/tmp/{volume}"
    disk: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume},
        "spec": {
            "capacity": size,
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": folder, "type": "DirectoryOrCreate"},
            "claimRef": {"namespace": namespace, "name": "disk"},
        },
    }
    cluster = space.workspace.cluster
    cluster.apply(disk)
    for body in objects:
        name = body.pop("name")
        cluster.apply({**body, "metadata": {"name": name, "namespace": namespace}})
    Path(folder).mkdir(exist_ok=True)
    Path(folder).chmod(0o777)
    yield
    cluster.kubectl("delete", "persistentvolume", volume, "--wait=false")
    for path in Path(folder).iterdir():
        path.unlink()
    Path(folder).rmdir()


@pytest.fixture(scope="module")
def full(space: Space, brought: None) -> Run:
    """A Run of a step that asks for everything, and of one that needs a GPU."""
    return space.start(
        shell(
            "all",
            SEES,
            resources=RESOURCES,
            env={"COLOR": "red", "SHELL_LIKE": "$(COLOR) $$"},
            envFrom=[{"secretRef": {"name": "keys"}}],
            workDir={"size": "16Mi", "medium": "Memory"},
            podTemplate=TEMPLATE,
        ),
        shell("gpu", resources={"limits": {"nvidia.com/gpu": "1"}}),
        failurePolicy="continue",
    )


@pytest.mark.needs_machine("own_node")
def test_a_pod_is_made_as_its_step_asks(space: Space, full: Run) -> None:
    full.until(lambda: full.step("all").get("phase") == "Succeeded", "the step", LONG)
    pod = full.pod("all")
    spec = pod["spec"]
    (publish, step), (resolve,) = spec["containers"], spec["initContainers"]
    assert step["resources"] == RESOURCES
    assert (step["name"], publish["name"], resolve["name"]) == ("step", "publish", "resolve")
    assert pod["metadata"]["labels"]["user.lateen.dev/team"] == "flowers"
    assert pod["metadata"]["annotations"]["user.lateen.dev/why"] == "because"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert TOLERATION in spec["tolerations"]
    assert spec["affinity"] == AFFINITY
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("worker", False)
    volumes = {it["name"]: it for it in spec["volumes"]}
    assert set(volumes) == {
        *("lateen-given", "lateen-work", "lateen-tmp"),
        *(it["name"] for it in VOLUMES),
    }
    assert volumes["lateen-work"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Mi"}
    mounted = {it["name"] for ours in (resolve, publish) for it in ours["volumeMounts"]}
    assert mounted == {"lateen-given", "lateen-work", "lateen-tmp"}


def test_our_containers_have_requests_and_no_limit_of_their_processor_time(full: Run) -> None:
    spec = full.pod("all")["spec"]
    for ours in (spec["initContainers"][0], spec["containers"][0]):
        assert set(ours["resources"]["requests"]) == {"cpu", "memory"}
        assert "cpu" not in ours["resources"].get("limits", {})


@pytest.mark.needs_machine("own_node")
def test_a_step_sees_what_its_pod_was_given(space: Space, full: Run) -> None:
    full.until(lambda: full.step("all").get("phase") == "Succeeded", "the step", LONG)
    files = output(space, full, "all")
    assert (files["color"], files["key"], files["kept"].strip()) == ("green", "k3y", "1")
    assert files["secrets"] == "", "no token"
    lines = set(files["env"].splitlines())
    assert {"COLOR=red", "SET_COLOR=green", "KEY=k3y", "SHELL_LIKE=$(COLOR) $$"} <= lines
    assert any(line.startswith("NODE=") and len(line) > 5 for line in lines)
    assert files["sizes"].splitlines() == ["tmpfs 8", "tmpfs 16"]
    assert "uid=65532" in files["id"]


def test_a_step_that_no_node_has_room_for_says_so_in_the_schedulers_words(full: Run) -> None:
    words = "Insufficient nvidia.com/gpu"
    full.until(lambda: words in full.step("gpu").get("message", ""), "the words", 60)
    assert full.step("gpu")["reason"] == "Unschedulable"
    full.until(lambda: "Unschedulable" in full.events(), "the Event", 20)
    (container,) = [it for it in full.pod("gpu")["spec"]["containers"] if it["name"] == "step"]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    full.desire("Cancelled")
    assert full.finished() == "Cancelled"
    full.until(lambda: not full.pods("gpu"), "its Pod to go", 30)


def output(space: Space, run: Run, step: str) -> dict[str, str]:
    """The files of a plain step's output, as the catalog or the object store has them."""
    query = (
        "SELECT m.body, m.content FROM artifact_versions v JOIN manifests m ON m.digest = v.digest"
        " WHERE v.run_id = %s AND v.step = %s"
    )
    ((body, kept),) = space.rows(query, run.uid, step)
    if kept is not None:
        content = Content(Manifest.from_json(json.loads(body)), kept=kept)
        return {file.path: held.decode() for file, held in content.kept_files()}
    client, bucket = space.workspace.stores.client, space.namespace
    blobs = {
        item.object_name.rpartition("/")[2].partition(".")[0]: item.object_name
        for item in client.list_objects(bucket, recursive=True)
    }
    found = {}
    for file in json.loads(body)["files"]:
        with client.get_object(bucket, blobs[file["sha256"]]) as answer:
            found[file["path"]] = answer.data.decode()
    return found


# Pod Security


def test_every_kind_of_step_passes_where_restricted_is_enforced(space: Space) -> None:
    """A plain step, and one that is tried again; Python steps and the cache: test_attacks."""
    label = "pod-security.kubernetes.io/enforce"
    namespace = space.api.get(f"{CORE}/namespaces/{space.namespace}")
    assert namespace is not None
    assert namespace["metadata"]["labels"][label] == "restricted"
    script = 'test "$(cat /lateen/given/attempt.json | grep -c \'"attempt": 2\')" = 1'
    fails = shell("again", script, retry={"limit": 1, "backoff": "1s"})
    first = space.start(fails, shell("plain"))
    assert first.finished(LONG) == "Succeeded"
    assert first.ends("again") == [("failed", "user"), ("committed", None)]


def test_the_operators_own_deployment_passes_too(space: Space, cluster: Cluster) -> None:
    manifest = installation.rendered({"image": {"repository": "x", "tag": "y"}})
    deployments = [it for it in manifest.split("\n---\n") if "kind: Deployment" in it]
    assert deployments
    for body in deployments:
        text = body.replace(f"namespace: {installation.NAMESPACE}", f"namespace: {space.namespace}")
        done = cluster.attempt("apply", "--dry-run=server", "-f", "-", given=text)
        assert done.returncode == 0, done.stderr
        assert "would violate" not in done.stderr


def test_the_chart_tells_the_operator_which_labels_are_allowed(cluster: Cluster) -> None:
    some = installation.rendered({"allowedLabels": ["team", "cost.example.com/*"]})
    assert '- name: LATEEN_ALLOWED_LABELS\n          value: "team,cost.example.com/*"\n' in some
    assert "LATEEN_ALLOWED_LABELS" not in installation.rendered({})


def test_the_api_server_explains_a_run(space: Space, cluster: Cluster) -> None:
    said = cluster.kubectl("explain", "run.spec", "--api-version=lateen.dev/v1alpha1")
    for field in ("desired", "parameters", "pipeline", "pipelineSpec", "replay", "resume"):
        assert f"  {field}\t" in said, field
    steps = cluster.kubectl(
        "explain", "run.spec.pipelineSpec.steps", "--api-version=lateen.dev/v1alpha1"
    )
    for field in ("podTemplate", "workDir", "tolerateOOM", "envFrom", "resources", "command"):
        assert f"  {field}\t" in steps, field
    blocks = [block for block in steps.partition("FIELDS:")[2].split("\n\n") if block.strip()]
    assert [block for block in blocks if block.strip().count("\n") == 0] == []
