"""The Pod of an attempt: who sees what, and who may do what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from lateen.domain.errors import UserError
from lateen.domain.spec import OutputSpec, PipelineSpec, Resources, StepSpec, WorkDir
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.names import STORE_SECRET
from lateen_operator.pods.settings import PodSettings
from tests.strategies.specs import steps
from tests.unit.lateen_operator.pods.made import OLDER, REPORT, RUN, SETTINGS, SPEC, TRAIN


def built(
    step: StepSpec = TRAIN,
    settings: PodSettings = SETTINGS,
    spec: PipelineSpec = SPEC,
    waited: float = 0.0,
) -> dict[str, Any]:
    return build_pod(RUN, spec, step, 3, settings, waited)


def containers(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    spec = pod["spec"]
    return {it["name"]: it for it in (*spec["initContainers"], *spec["containers"])}


def variables(pod: dict[str, Any], container: str) -> dict[str, Any]:
    """The variables as the container sees them: Kubernetes makes one dollar of two."""
    return {
        it["name"]: it["value"].replace("$$", "$") if "value" in it else it["valueFrom"]
        for it in containers(pod)[container]["env"]
    }


def test_the_run_owns_its_pod_and_does_not_wait_for_it() -> None:
    metadata = built()["metadata"]
    assert metadata["namespace"] == "team-a"
    assert metadata["name"].startswith("inference-x7k2p-train-")
    assert metadata["name"].endswith("-3")
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "lateen.dev/v1alpha1",
            "kind": "Run",
            "name": RUN.name,
            "uid": RUN.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]
    assert metadata["labels"] == {
        "app.kubernetes.io/managed-by": "lateen",
        "lateen.dev/run": RUN.name,
        "lateen.dev/run-uid": RUN.uid,
        "lateen.dev/step": "train",
        "lateen.dev/attempt": "3",
        "lateen.dev/pipeline": "inference",
    }


def test_only_our_own_containers_have_the_store_s_credentials() -> None:
    pod = built()
    for name in ("resolve", "publish"):
        assert containers(pod)[name]["envFrom"] == [{"secretRef": {"name": STORE_SECRET}}]
    assert STORE_SECRET not in json.dumps(containers(pod)["step"])
    assert STORE_SECRET not in json.dumps(pod["spec"]["volumes"])
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_what_the_step_is_given_is_read_only_to_it() -> None:
    mounts = {name: it["volumeMounts"] for name, it in containers(built()).items()}
    assert mounts["step"] == [
        {"name": "lateen-given", "mountPath": "/lateen/given", "readOnly": True},
        {"name": "lateen-work", "mountPath": "/lateen/work"},
    ]
    assert mounts["resolve"] == mounts["publish"]
    assert not [mount for mount in mounts["publish"] if mount.get("readOnly")]


@pytest.mark.parametrize("step", [TRAIN, REPORT])
@pytest.mark.parametrize("user", [65532, None])
def test_every_pod_meets_the_restricted_standard(step: StepSpec, user: int | None) -> None:
    pod = built(step, replace(SETTINGS, run_as_user=user, fs_group=user))
    security = pod["spec"]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security.get("runAsUser") == security.get("fsGroup") == user
    for container in containers(pod).values():
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for name in ("resolve", "publish"):
        assert containers(pod)[name]["securityContext"]["readOnlyRootFilesystem"] is True


def test_our_containers_ask_for_what_they_need_and_are_not_slowed() -> None:
    for name in ("resolve", "publish"):
        resources = containers(built())[name]["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert set(resources["limits"]) == {"memory"}


def test_publish_is_restarted_after_a_crash_where_the_server_can() -> None:
    assert containers(built())["publish"]["restartPolicyRules"] == [
        {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [0, 10, 11, 12]}}
    ]
    assert built()["spec"]["restartPolicy"] == "Never"
    older = containers(built(settings=OLDER))["publish"]
    assert not {"restartPolicy", "restartPolicyRules"} & set(older)


def test_no_deadline_kills_publish_and_the_grace_is_the_pod_s() -> None:
    spec = built(settings=replace(SETTINGS, grace=90.5))["spec"]
    assert "activeDeadlineSeconds" not in spec
    assert spec["terminationGracePeriodSeconds"] == 91
    assert variables(built(settings=replace(SETTINGS, grace=90.5)), "publish")["LATEEN_GRACE"] == (
        "90.5"
    )


def test_our_containers_know_their_attempt() -> None:
    found = variables(built(waited=12.3456), "resolve")
    assert found == variables(built(waited=12.3456), "publish")
    assert found["LATEEN_RUN"] == RUN.uid
    assert (found["LATEEN_STEP"], found["LATEEN_ATTEMPT"]) == ("train", "3")
    assert found["LATEEN_HOLDER"]["fieldRef"]["fieldPath"] == "metadata.uid"
    assert found["LATEEN_IMAGE"] == "registry.example.com/iris:1.4"
    assert found["LATEEN_WAITED"] == "12.346"
    assert "LATEEN_TOLERATE_OOM" not in found
    tolerant = variables(built(replace(TRAIN, tolerate_oom=True)), "publish")
    assert tolerant["LATEEN_TOLERATE_OOM"] == "1"


def test_a_python_step_runs_its_entry_point_with_our_copy_first() -> None:
    outputs = (OutputSpec("model", materializer="mine:Saver"), OutputSpec("rest"))
    step = replace(TRAIN, interpreter="/opt/bin/python", outputs=outputs, env={"PYTHONPATH": "/x"})
    pod = built(step, spec=replace(SPEC, code_path=("src",)))
    container, found = containers(pod)["step"], variables(pod, "step")
    assert container["command"] == ["/opt/bin/python", "-m", "lateen.step", "execute"]
    assert container["workingDir"] == "/lateen/work/code"
    assert found["LATEEN_ENTRYPOINT"] == "pipelines:train"
    assert json.loads(found["LATEEN_MATERIALIZERS"]) == {"model": "mine:Saver"}
    assert found["PYTHONPATH"] == (
        "/lateen/given/runtime:/lateen/work/code:/lateen/work/code/src:/x"
    )


def test_a_plain_command_runs_in_the_wrapper() -> None:
    container = containers(built(REPORT))["step"]
    assert container["command"] == [
        *("/lateen/given/busybox", "sh", "/lateen/given/run.sh"),
        *("wc", "-l"),
    ]
    assert container["workingDir"] == "/lateen/work"
    assert "LATEEN_ENTRYPOINT" not in variables(built(REPORT), "step")


def test_kubernetes_leaves_commands_and_variables_as_they_are_written() -> None:
    written = 'echo $$ $(LATEEN_RUN) "$HOME"'
    step = replace(REPORT, command=("sh", "-c", written), env={"A": "$(LATEEN_WORK)$$"})
    container = containers(built(step))["step"]
    assert container["command"][-1] == 'echo $$$$ $$(LATEEN_RUN) "$$HOME"'
    assert variables(built(step), "step")["A"] == "$(LATEEN_WORK)$$"


def test_a_step_may_say_where_its_home_is_and_nothing_about_lateen() -> None:
    env = {"HOME": "/home/me", "LATEEN_SOCKET": "/tmp/mine"}
    found = variables(built(replace(TRAIN, env=env)), "step")
    assert found["HOME"] == "/home/me"
    assert found["TMPDIR"] == "/lateen/work/tmp"
    assert found["LATEEN_SOCKET"] == "/lateen/work/socket"


def test_what_a_step_says_itself_wins_over_its_template() -> None:
    template = {
        "spec": {
            "containers": [
                {
                    "name": "step",
                    "env": [{"name": "MODE", "value": "slow"}, {"name": "B", "value": "$(MODE)"}],
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
                }
            ]
        }
    }
    own = Resources(cpu="2", gpu=1)
    step = replace(TRAIN, env={"MODE": "fast"}, resources=own, pod_template=template)
    pod = built(step)
    assert variables(pod, "step")["MODE"] == "fast"
    assert {"name": "B", "value": "$(MODE)"} in containers(pod)["step"]["env"]
    assert containers(pod)["step"]["resources"] == {
        "requests": {"cpu": "2", "memory": "1Gi"},
        "limits": {"nvidia.com/gpu": 1},
    }


def test_secrets_named_by_the_step_become_its_variables() -> None:
    container = containers(built(replace(TRAIN, env_from=("warehouse",))))["step"]
    assert container["envFrom"] == [{"secretRef": {"name": "warehouse"}}]


def test_the_work_directory_has_the_size_and_medium_that_were_asked_for() -> None:
    assert built()["spec"]["volumes"][1] == {"name": "lateen-work", "emptyDir": {}}
    sized = built(replace(TRAIN, work_dir=WorkDir("10Gi", "Memory")))["spec"]["volumes"][1]
    assert sized["emptyDir"] == {"sizeLimit": "10Gi", "medium": "Memory"}


def tolerated(template: dict[str, Any]) -> list[tuple[str | None, int | None]]:
    pod = built(replace(TRAIN, pod_template={"spec": template}))
    return [(it.get("key"), it.get("tolerationSeconds")) for it in pod["spec"]["tolerations"]]


def test_a_pod_leaves_a_lost_node_when_its_step_or_the_settings_say() -> None:
    not_ready, unreachable = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
    assert tolerated({}) == [(not_ready, 300), (unreachable, 300)]
    own = {"key": unreachable, "operator": "Exists", "tolerationSeconds": 3600}
    assert tolerated({"tolerations": [own]}) == [(unreachable, 3600), (not_ready, 300)]
    assert tolerated({"tolerations": [{"operator": "Exists"}]}) == [(None, None)]


def test_the_settings_priority_counts_unless_the_step_has_one() -> None:
    low = replace(SETTINGS, priority_class="batch")
    assert "priorityClassName" not in built()["spec"]
    assert built(settings=low)["spec"]["priorityClassName"] == "batch"
    step = replace(TRAIN, pod_template={"spec": {"priorityClassName": "urgent"}})
    assert built(step, low)["spec"]["priorityClassName"] == "urgent"


def test_a_step_without_an_image_is_refused() -> None:
    with pytest.raises(UserError, match="the step 'report' has no image"):
        built(replace(REPORT, image=None))
    held = built(replace(REPORT, image=None), spec=replace(SPEC, image="theirs"))
    assert containers(held)["step"]["image"] == "theirs"


@given(steps("train"))
@settings(max_examples=50)
def test_the_pod_of_any_step_is_json(step: StepSpec) -> None:
    plain = replace(step, pod_template={}, image="image")
    assert json.loads(json.dumps(built(plain))) == built(plain)
