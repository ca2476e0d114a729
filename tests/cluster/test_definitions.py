"""The API server refuses by itself what the definitions in ``crds`` can see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.cluster.api import LATEEN, Api
from tests.cluster.cluster import Cluster

NAMESPACE = "lateen-test-definitions"
DIGEST = f"sha256:{'0' * 64}"
STEP: dict[str, Any] = {"name": "train", "image": "example.org/image", "command": ["true"]}
SPEC: dict[str, Any] = {
    "desired": "Paused",
    "pipelineSpec": {"name": "p", "steps": [STEP]},
}


@pytest.fixture(scope="module", autouse=True)
def _namespace(cluster: Cluster) -> Iterator[None]:
    cluster.kubectl("create", "namespace", NAMESPACE)
    yield
    cluster.kubectl("delete", "namespace", NAMESPACE)


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Api:
    return Api(cluster.kubeconfig)


def test_a_valid_run_is_accepted(cluster: Cluster) -> None:
    _accepted(cluster, _run(SPEC))


def test_two_thousand_steps_are_within_the_budget(cluster: Cluster) -> None:
    steps = [{**STEP, "name": "step-0"}]
    for number in range(1, 2000):
        step = {"before": {"step": f"step-{number - 1}", "output": "out"}, "size": {"value": 3}}
        steps.append({**STEP, "name": f"step-{number}", "inputs": step})

    _accepted(cluster, _run({**SPEC, "pipelineSpec": {"name": "p", "steps": steps}}))


def test_one_step_more_is_refused(cluster: Cluster) -> None:
    steps = [{**STEP, "name": f"step-{number}"} for number in range(2001)]
    spec = {**SPEC, "pipelineSpec": {"name": "p", "steps": steps}}

    assert "must have at most 2000 items" in _refusal(cluster, _run(spec))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Train"}, "steps[0].name"),
        ({"name": "train_it"}, "steps[0].name"),
        ({"name": "a" * 64}, "steps[0].name"),
        ({"name": "-train"}, "steps[0].name"),
        ({"inputs": {"x": {"parameter": "p", "step": "other", "output": "o"}}}, "source"),
        ({"inputs": {"x": {"value": 1, "parameter": "p"}}}, "oneOf"),
        ({"inputs": {"x": {}}}, "steps[0].inputs.x"),
        ({"inputs": {"x": {"step": "other"}}}, "step goes with output"),
        ({"python": {"entrypoint": "no function"}}, "entrypoint"),
    ],
)
def test_a_bad_step_is_refused(cluster: Cluster, change: dict[str, Any], words: str) -> None:
    spec = {**SPEC, "pipelineSpec": {"name": "p", "steps": [{**STEP, **change}]}}

    assert words in _refusal(cluster, _run(spec))


ODD = ("..", "../x", "a\n", "a\nb", "a\0b", "x" * 10_000, "\u0430bc", "", "a$(b)", "a;b", "/a")
SPOTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "pipeline": lambda name: {"name": name},
    "model": lambda name: {"model": {"name": name}},
    "parameter": lambda name: {"parameters": [{"name": name, "type": "string"}]},
    "path of the code": lambda name: {"code": {"digest": DIGEST, "path": [name]}},
    "artifact": lambda name: _step(outputs=[{"name": "out", "artifact": name}]),
    "output": lambda name: _step(outputs=[{"name": name}]),
    "version": lambda name: _step(outputs=[{"name": "out", "version": name}]),
    "read artifact": lambda name: _step(inputs={"x": {"artifact": {"name": name}}}),
    "read model": lambda name: _step(inputs={"x": {"model": {"name": name, "artifact": "a"}}}),
    "read in a list": lambda name: _step(inputs={"x": {"list": [{"artifact": {"name": name}}]}}),
    "read run": lambda name: _step(
        inputs={"x": {"run": {"pipeline": name, "select": "latest", "step": "s", "output": "o"}}}
    ),
    "awaited step": lambda name: _step(after=[name]),
    "secret": lambda name: _step(envFrom=[{"secretRef": {"name": name}}]),
}
"""Where a spec has a name in it, by what it is the name of."""


def _step(**fields: Any) -> dict[str, Any]:
    return {"steps": [{**STEP, **fields}]}


@pytest.mark.parametrize("spot", SPOTS)
def test_a_name_that_is_none_is_refused_wherever_it_stands(api: Api, spot: str) -> None:
    def answer(name: str) -> tuple[int, str]:
        whole = {"name": "p", "steps": [STEP], **SPOTS[spot](name)}
        run = json.loads(_run({"pipelineSpec": whole}))
        path = f"{LATEEN}/namespaces/{NAMESPACE}/runs?dryRun=All&fieldValidation=Strict"
        status, said = api.asked("POST", path, run)
        return status, said.get("message", "")

    assert answer("abc")[0] == 201
    accepted = [name for name in ODD if answer(name)[0] != 422]
    assert accepted == []


def test_steps_of_the_same_name_are_refused(cluster: Cluster) -> None:
    spec = {**SPEC, "pipelineSpec": {"name": "p", "steps": [STEP, STEP]}}

    assert "Duplicate value" in _refusal(cluster, _run(spec))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"pipeline": {"name": "p"}, "replay": "r"},
        {"replay": "r", "parameters": {"a": 1}},
        {"pipelineSpec": {"steps": [STEP]}},
        {**SPEC, "desired": "Whatever"},
    ],
)
def test_a_run_of_nothing_or_of_two_things_is_refused(
    cluster: Cluster, spec: dict[str, Any]
) -> None:
    assert "spec" in _refusal(cluster, _run(spec))


def test_an_unknown_field_is_refused_where_it_is_asked_to_be(cluster: Cluster) -> None:
    spec = deepcopy(SPEC)
    spec["pipelineSpec"]["steps"][0]["imgae"] = "x"

    assert "imgae" in _refusal(cluster, _run(spec), "--validate=strict")


@pytest.mark.parametrize(
    "change",
    [
        {"pipelineSpec": {"name": "q"}},
        {"pipelineSpec": None, "pipeline": {"name": "p"}},
        {"parameters": {"a": 1}},
    ],
)
def test_a_run_cannot_be_made_another(cluster: Cluster, change: dict[str, Any]) -> None:
    name = _created(cluster)

    patched = _patch(cluster, name, change)

    assert patched.returncode == 1
    assert "cannot change; make a new Run" in patched.stderr


def test_what_is_desired_of_a_run_can_change(cluster: Cluster) -> None:
    name = _created(cluster)

    assert _patch(cluster, name, {"desired": "Cancelled"}).returncode == 0


def test_explain_reads_well(cluster: Cluster) -> None:
    said = cluster.kubectl("explain", "run.spec")

    assert "only `desired` can change" in said
    assert "A Pipeline of the same namespace" in said
    assert "Whether" not in said.partition("FIELDS:")[0]
    assert "`Paused` starts nothing new until it is `Running` again" in " ".join(said.split())
    fields = cluster.kubectl("explain", "run.spec.pipelineSpec.steps")
    for described in ("The step's name, unique in the pipeline", "What the step takes, by name"):
        assert described in " ".join(fields.split())


def test_the_columns_are_enough_to_see_how_things_stand(cluster: Cluster) -> None:
    _created(cluster)

    header, row, *_ = cluster.kubectl("get", "lr", f"--namespace={NAMESPACE}").splitlines()
    assert header.split() == ["NAME", "PHASE", "STEPS", "AGE", "MESSAGE"]
    assert row.startswith("run-")


def _run(spec: dict[str, Any]) -> str:
    metadata = {"generateName": "run-", "namespace": NAMESPACE}
    kinds = {"apiVersion": "lateen.dev/v1alpha1", "kind": "Run"}
    return json.dumps({**kinds, "metadata": metadata, "spec": spec})


def _created(cluster: Cluster) -> str:
    said = cluster.kubectl("create", "-o=name", "-f", "-", given=_run(SPEC))
    return said.strip()


def _accepted(cluster: Cluster, run: str) -> None:
    cluster.kubectl("create", "--dry-run=server", "-f", "-", given=run)


def _refusal(cluster: Cluster, run: str, *words: str) -> str:
    """What the API server says as it refuses the Run."""
    done = cluster.attempt("create", "--dry-run=server", *words, "-f", "-", given=run)
    assert done.returncode == 1, f"accepted: {done.stdout}"
    return done.stderr


def _patch(cluster: Cluster, name: str, spec: dict[str, Any]) -> Any:
    patch = json.dumps({"spec": spec})
    return cluster.attempt("patch", name, f"--namespace={NAMESPACE}", "--type=merge", "-p", patch)
