"""The chart installs an operator that works, and that may do no more than it needs."""

from __future__ import annotations

import json
import subprocess
from urllib.request import urlopen

import pytest
import yaml

from lateen_operator.settings import read_settings
from tests.cluster import programs
from tests.cluster.cluster import Cluster
from tests.cluster.installation import CHART, NAMESPACE, Installation, rendered
from tests.cluster.runs import LARGE, Run, Space, shell
from tests.cluster.waiting import until
from tests.cluster.workspace import Workspace

ACCOUNT = f"--as=system:serviceaccount:{NAMESPACE}:lateen-operator"
EVERYTHING: dict[str, object] = {
    "image": {"repository": "example.org/lateen", "tag": "1", "pullSecrets": [{"name": "pull"}]},
    "namespaces": ["one", "two"],
    "settings": {"LATEEN_POD_TTL": "1h"},
    "runAsUser": None,
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "only", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "stepPods": {"cpu": "0.1", "memory": "128Mi", "memoryLimit": "1Gi", "unreachable": "90s"},
    "podAnnotations": {"example.org/note": "yes"},
}
FIRST = (
    "image",
    "replicas",
    "namespaces",
    "settings",
    "resources",
    "runAsUser",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "podAnnotations",
)
"""The values of the chart's first version: with --reuse-values an upgrade brings no others."""


def test_the_chart_has_no_fault_that_helm_knows() -> None:
    command = [str(programs.program("helm")), "lint", "--strict", str(CHART)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def _since_the_first() -> list[dict[str, object]]:
    """Each value that the chart has gained since its first version, as absent."""
    known = yaml.safe_load((CHART / "values.yaml").read_text())
    added = {name: value for name, value in known.items() if name not in FIRST}
    parts = [
        {name: {key: None}}
        for name, value in added.items()
        if isinstance(value, dict)
        for key in value
    ]
    return [{name: None} for name in added] + parts


@pytest.mark.parametrize("absent", _since_the_first(), ids=json.dumps)
def test_the_values_of_an_older_chart_can_be_reused(absent: dict[str, object]) -> None:
    def environment(values: dict[str, object]) -> dict[str, str]:
        objects = yaml.safe_load_all(rendered(values))
        (deployment,) = (each for each in objects if each["kind"] == "Deployment")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each.get("value", "") for each in container["env"]}

    made = {**environment(absent), "POD_NAME": "one"}
    assert read_settings([], made) == read_settings([], {**environment({}), "POD_NAME": "one"})


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_api_server_takes_what_the_chart_makes(
    installed: Installation, values: dict[str, object]
) -> None:
    words = ("--dry-run=server", "--validate=strict", "--output=name")
    made = installed.cluster.apply(rendered(values), *words)

    assert "deployment.apps/lateen-operator" in made.split()


def test_the_operator_has_no_cpu_limit_and_is_restricted(installed: Installation) -> None:
    deployment = json.loads(installed.kubectl("get", "deployment/lateen-operator", "-o=json"))
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    assert "cpu" in container["resources"]["requests"]
    assert "cpu" not in container["resources"]["limits"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_health_and_metrics_are_served(installed: Installation) -> None:
    address = installed.cluster.address("lateen-operator-metrics", NAMESPACE)
    for path in ("healthz", "readyz"):
        with urlopen(f"http://{address}:8080/{path}", timeout=10) as answer:
            assert answer.status == 200

    until(lambda: "lateen_leading 1.0" in installed.metrics(), "the Lease", 30)


@pytest.mark.parametrize(
    "question",
    [
        "get secret/lateen-stores",
        "list runs.lateen.dev",
        "patch runs.lateen.dev --subresource=status",
        "patch pipelines.lateen.dev --subresource=status",
        "create pods",
        "delete pods",
        "create events.events.k8s.io",
    ],
)
def test_the_operator_may_do_what_it_does(
    installed: Installation, workspace: Workspace, question: str
) -> None:
    assert _may(workspace.cluster, workspace.namespace, question)


@pytest.mark.parametrize(
    "question",
    [
        "get secret/any-other",
        "list secrets",
        "create secrets",
        "patch secret/lateen-stores",
        "update runs.lateen.dev",
        "patch pipelines.lateen.dev",
        "patch pods",
        "create pods --subresource=exec",
        "create serviceaccounts --subresource=token",
        "get configmaps",
        "create leases.coordination.k8s.io",
        "patch nodes",
    ],
)
def test_the_operator_may_do_nothing_else(
    installed: Installation, workspace: Workspace, question: str
) -> None:
    assert not _may(workspace.cluster, workspace.namespace, question)


def test_an_installed_operator_runs_a_run(installed: Installation, workspace: Workspace) -> None:
    step = {"name": "greet", "command": ["echo", "hello"]}
    image = workspace.cluster.load("base")
    run = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "first"},
        "spec": {"pipelineSpec": {"name": "p", "image": image, "steps": [step]}},
    }
    workspace.kubectl("create", "-f", "-", given=json.dumps(run))

    workspace.kubectl("wait", "--for=condition=Finished", "--timeout=120s", "run/first")

    assert "forbidden" not in installed.logs()
    header, row = workspace.kubectl("get", "lr").splitlines()
    assert header.split()[:3] == ["NAME", "PHASE", "STEPS"]
    assert row.split()[:3] == ["first", "Succeeded", "1/1"]


MEASURED = (
    "lateen_runs ",
    "lateen_leading ",
    'lateen_reconcile_seconds_count{outcome="',
    "lateen_handing_on_seconds_count ",
    "lateen_resolve_seconds_count ",
    'lateen_steps_total{how="pod"}',
    'lateen_steps_total{how="cache"}',
    'lateen_failed_attempts_total{cause="user"}',
    'lateen_finished_runs_total{phase="Succeeded"}',
    'lateen_finished_runs_total{phase="Failed"}',
    'lateen_transfer_bytes_total{direction="fetched"}',
    'lateen_transfer_bytes_total{direction="stored"}',
    'lateen_transfer_seconds_total{direction="fetched"}',
    'lateen_transfer_seconds_total{direction="stored"}',
    'lateen_api_requests_total{code="201",method="POST"}',
    "lateen_status_writes_total ",
)
"""After a step that went well, one that failed and one from the cache."""


def test_steps_are_measured_and_logged(installed: Installation, workspace: Workspace) -> None:
    space = Space.of(workspace.cluster, workspace)
    takes = {"inputs": {"x": {"step": "make", "output": "out"}}}
    steps = shell("make", LARGE), shell("take", **takes), shell("fail", "exit 3", after=["take"])
    run = space.start(*steps)
    assert run.finished() == "Failed"
    good = space.start(shell("make"))
    assert good.finished() == "Succeeded"
    body = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "again"},
        "spec": {"resume": run.name},
    }
    again = Run(space, "again", space.api.create(space.path("runs"), body)["metadata"]["uid"])
    assert again.finished() == "Failed"

    def unmeasured() -> list[str]:
        lines = [line for line in installed.metrics().splitlines() if not line.endswith(" 0.0")]
        return [name for name in MEASURED if not any(line.startswith(name) for line in lines)]

    until(lambda: not unmeasured(), "the Pods' ends to be counted", 30)
    assert unmeasured() == []
    assert "lateen_queue_depth " in installed.metrics()
    assert logged(installed, run, "make") == [
        "a step starts in a Pod",
        "a step began",
        "a step succeeded",
    ]
    failed = logged(installed, run, "fail")
    assert failed[:2] == ["a step starts in a Pod", "a step began"]
    assert [line.startswith("an attempt failed: ") for line in failed[2:]] == [True]
    assert logged(installed, again, "make") == ["a step was taken from the cache"]


def logged(installed: Installation, run: Run, step: str) -> list[str]:
    """What the operator's log says of the first attempt of a step."""
    lines = [json.loads(line) for line in installed.logs().splitlines() if line.startswith("{")]
    about = {"uid": run.uid, "run": run.name, "step": step, "attempt": 1}
    return [line["message"] for line in lines if line.items() >= about.items()]


def _may(cluster: Cluster, namespace: str, question: str) -> bool:
    done = cluster.attempt("auth", "can-i", *question.split(), ACCOUNT, f"--namespace={namespace}")
    return done.stdout.strip() == "yes"
