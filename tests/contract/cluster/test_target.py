"""What the cluster target asks of a real API server, and what it makes of the answers.

No operator runs: where one is needed, the test does by hand what it does.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lateen import RunFailed
from lateen.authoring.target import current_target
from lateen.cli.main import cli
from lateen.client.transport import current
from lateen.domain.errors import NotFoundError, SetupError, UserError
from lateen.domain.states import RunPhase
from lateen.local import target as here
from lateen.stores.catalog.catalog import Catalog
from tests.cluster.api import Api
from tests.cluster.api_proxy import ApiProxy
from tests.contract.cluster.conftest import Kubectl, Operator

Event = dict[str, Any]


def following(
    run: Callable[[Callable[[Any], None]], Any], act: dict[str, Callable[[Event], None]]
) -> tuple[Any, list[Event]]:
    """Follows a run; when an event comes, the thing to do for its kind is done, once."""
    seen: list[Event] = []
    threads: list[threading.Thread] = []

    def observe(event: Any) -> None:
        seen.append(dict(event))
        todo = act.pop(event["kind"], None)
        if todo is not None:
            threads.append(threading.Thread(target=todo, args=(dict(event),)))
            threads[-1].start()

    try:
        return run(observe), seen
    finally:
        for thread in threads:
            thread.join()


def test_a_submitted_run_is_what_the_pipeline_compiles_to(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    view = flow.summing.with_options(run_name="Nightly_{date}").submit(n=5)
    assert view.status is RunPhase.PENDING
    assert view.name.startswith("nightly-20")
    made = kubectl.run(view.name)
    assert made["metadata"]["uid"] == view.id
    assert made["metadata"]["labels"] == {"lateen.dev/pipeline": "summing"}
    assert made["metadata"]["annotations"] == {"lateen.dev/submitted-by": "tester"}
    assert made["spec"]["parameters"] == {"n": 5}
    spec = made["spec"]["pipelineSpec"]
    name = flow.__name__.rpartition(".")[2]
    assert spec["steps"][0]["python"]["entrypoint"] == f"flows.{name}:load"
    assert spec["code"]["path"] == ["flows"]
    assert spec["image"] == "registry.example.com/flow:1"


def test_a_submitted_run_can_be_looked_at_before_and_after_it_is_accepted(
    flow: Any, operator: Operator
) -> None:
    view = flow.summing.submit()
    assert view.refresh().status is RunPhase.PENDING
    assert list(view.steps) == []
    assert view.pause().status is RunPhase.PENDING
    assert operator.kubectl.run(view.name)["spec"]["desired"] == "Paused"
    uid = operator.accept(view.name)
    assert list(view.refresh().steps) == ["load", "total"]
    operator.finish(view.name, uid, "Succeeded")
    assert view.refresh().status is RunPhase.SUCCEEDED


def test_a_submitted_run_that_is_refused_has_failed(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    view = flow.summing.submit()
    refused = {"type": "Accepted", "status": "False", "reason": "Cycle", "message": "a circle"}
    kubectl.show(view.name, {"phase": "Failed", "conditions": [refused]})
    assert (view.refresh().status, view.message) == (RunPhase.FAILED, "a circle")
    kubectl("delete", "run", view.name)
    with pytest.raises(NotFoundError, match=f"there is no run '{view.name}' in the namespace"):
        view.refresh()


def test_the_source_is_stored_once_and_holds_the_package_beside(
    flow: Any, kubectl: Kubectl, catalog: Catalog, tmp_path: Path
) -> None:
    digests = {
        kubectl.run(flow.summing.submit(n=n).name)["spec"]["pipelineSpec"]["code"]["digest"]
        for n in (1, 2)
    }
    (digest,) = digests
    sha256 = digest.removeprefix("sha256:")
    generation = catalog.attempts.generations([sha256])[sha256]
    here.default().objects.get(sha256, generation, tmp_path / "code.tar.gz")
    with tarfile.open(tmp_path / "code.tar.gz") as archive:
        assert {"pyproject.toml", "shared/numbers.py"} < set(archive.getnames())


def test_a_value_that_the_caller_brings_is_uploaded(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    spec = kubectl.run(flow.summing.submit().name)["spec"]["pipelineSpec"]
    digest = spec["steps"][1]["inputs"]["more"]["artifact"]["digest"]
    (version,) = current().call("artifact_versions", name="external")
    assert version["digest"] == digest


def test_a_run_is_followed_to_its_end(flow: Any, operator: Operator) -> None:
    running = {"phase": "Running", "attempts": 1}
    done = {"phase": "Succeeded", "attempts": 1, "inputs": "n=4"}
    ids: list[str] = []

    def accept(event: Event) -> None:
        ids.append(operator.accept(event["run"]))
        waits = {"phase": "Pending", "reason": "ImagePullBackOff", "message": "no such image\nx"}
        operator.show(event["run"], "Running", load=waits)

    def work(event: Event) -> None:
        operator.show(event["run"], "Running", load=running)

    def end(event: Event) -> None:
        cached = {"phase": "Cached", "inputs": "numbers=7"}
        operator.finish(event["run"], ids[0], "Succeeded", load=done, total=cached)

    view, seen = following(
        lambda observe: current_target().run(flow.summing.compile(), observe),  # type: ignore[call-arg]
        {"run-started": accept, "step-waiting": work, "step-started": end},
    )
    assert (view.id, view.status, view.target) == (ids[0], RunPhase.SUCCEEDED, "cluster")
    assert [event["kind"] for event in seen] == [
        "run-started",
        "step-waiting",
        "step-started",
        "step-finished",
        "step-finished",
        "run-finished",
    ]
    assert seen[1]["message"] == "no such image"
    assert [(e["step"], e["index"], e["inputs"], e["cached"]) for e in seen[3:5]] == [
        ("load", 1, "n=4", False),
        ("total", 2, "numbers=7", True),
    ]


def test_a_failed_run_raises_with_what_went_wrong_and_where_to_look(
    flow: Any, operator: Operator
) -> None:
    def end(event: Event) -> None:
        name, uid = event["run"], operator.accept(event["run"])
        failed = {"phase": "Failed", "attempts": 1, "message": "ValueError: no flowers"}
        operator.finish(name, uid, "Failed", "1 step failed", load=failed)

    with pytest.raises(RunFailed) as caught:
        following(
            lambda observe: current_target().run(flow.summing.compile(), observe),  # type: ignore[call-arg]
            {"run-started": end},
        )
    assert caught.value.run.status is RunPhase.FAILED
    text = str(caught.value)
    assert "load: ValueError: no flowers" in text
    assert "lateen logs" not in text, "no attempt of it has begun"
    assert "get pods" not in text


def test_a_run_that_is_not_accepted_says_why(flow: Any, kubectl: Kubectl, catalog: Catalog) -> None:
    def refuse(event: Event) -> None:
        refused = {"type": "Accepted", "status": "False", "reason": "Cycle", "message": "a circle"}
        kubectl.show(event["run"], {"phase": "Failed", "conditions": [refused]})

    with pytest.raises(RunFailed, match=r"does not accept the run .*: a circle"):
        following(
            lambda observe: current_target().run(flow.summing.compile(), observe),  # type: ignore[call-arg]
            {"run-started": refuse},
        )


def test_a_run_that_is_deleted_meanwhile_ends_the_following(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    with pytest.raises(RunFailed, match="was deleted while it was followed"):
        following(
            lambda observe: current_target().run(flow.summing.compile(), observe),  # type: ignore[call-arg]
            {"run-started": lambda event: kubectl("delete", "run", event["run"]) and None},
        )


def test_an_interrupt_ends_the_following_and_not_the_run(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from lateen.cli.main import main\n"
        "main()\n"
    )
    place = f"{flow.__file__}:summing"
    words = [sys.executable, "-c", code, "run", place, "--progress", "plain"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    name = process.stderr.readline().split()[1]
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"the run {name} goes on in the cluster; `lateen cancel {name} --context " in told
    assert "Traceback" not in told
    assert "desired" not in kubectl.run(name)["spec"]


def test_a_name_that_is_taken_is_an_error(flow: Any, kubectl: Kubectl, catalog: Catalog) -> None:
    named = flow.summing.with_options(run_name="nightly")
    named.submit()
    with pytest.raises(UserError, match='"nightly" already exists: choose another name'):
        named.submit()


def test_what_the_schema_refuses_is_told_in_plain_words(kubectl: Kubectl, catalog: Catalog) -> None:
    from lateen.targets import server

    body = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "wrong"},
        "spec": {"pipelineSpec": {"name": "x", "steps": [{"name": "Not_DNS"}]}, "replay": "other"},
    }
    with pytest.raises(UserError) as caught:
        server().create_run(body)
    text = str(caught.value)
    assert text.startswith("the API server refuses the run: ")
    assert "\n  spec: exactly one of pipeline, pipelineSpec, replay, resume is needed" in text
    assert '\n  spec.pipelineSpec.steps[0].name: "Not_DNS": ' in text
    assert len(text.splitlines()) == 3


def test_without_images_nothing_is_uploaded(
    flow: Any, kubectl: Kubectl, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SetupError, match="no image is named for load"):
        flow.bare.submit()
    monkeypatch.setenv("LATEEN_IMAGE", "registry.example.com/default:2")
    spec = kubectl.run(flow.bare.submit().name)["spec"]["pipelineSpec"]
    assert spec["steps"][0]["image"] == "registry.example.com/default:2"


def test_a_missing_right_is_named(
    flow: Any, kubectl: Kubectl, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import yaml

    kubectl("create", "serviceaccount", "nobody")
    token = kubectl("create", "token", "nobody").strip()
    found = yaml.safe_load(kubectl.cluster.kubeconfig.read_text())
    found["users"] = [{"name": found["users"][0]["name"], "user": {"token": token}}]
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(found))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with pytest.raises(SetupError) as caught:
        flow.summing.submit()
    text = str(caught.value)
    assert f"you may not create runs.lateen.dev in the namespace '{kubectl.namespace}'" in text
    assert "auth can-i create runs.lateen.dev" in text
    assert token not in text


def test_a_namespace_that_is_not_there_is_named(
    flow: Any, kubectl: Kubectl, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATEEN_TARGET", "cluster:/nowhere")
    with pytest.raises(SetupError, match="there is no namespace 'nowhere' in "):
        flow.summing.submit()


def test_without_the_definitions_it_says_how_to_install(kubectl: Kubectl) -> None:
    import lateen.cluster.server as module
    from lateen.targets import server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RUNS", "apis/lateen.dev/v0")
        with pytest.raises(SetupError, match="does not know Lateen's resources; install Lateen"):
            server().run("any")
    with pytest.raises(NotFoundError, match="there is no run 'any' in the namespace"):
        server().run("any")


def test_the_stores_must_be_named(
    flow: Any, kubectl: Kubectl, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LATEEN_DATABASE_URL")
    with pytest.raises(SetupError, match="set LATEEN_DATABASE_URL to what the Secret"):
        flow.summing.submit()


def test_a_replay_is_a_run_that_names_the_other_one(flow: Any, operator: Operator) -> None:
    first = flow.summing.submit()
    uid = operator.accept(first.name)
    ids: list[str] = []

    def replay(event: Event) -> None:
        made = operator.kubectl.run(event["run"])
        assert made["spec"] == {"replay": first.name}
        ids.append(made["metadata"]["uid"])
        spec = operator.catalog.runs.load(uid).spec
        operator.catalog.runs.create(ids[0], event["run"], spec, {"n": 4}, target="cluster")
        operator.finish(event["run"], ids[0], "Succeeded")

    view, _ = following(
        lambda observe: current_target().replay(uid, observe),  # type: ignore[call-arg]
        {"run-started": replay},
    )
    assert view.id == ids[0]


# Wishes and logs, by the command


def lateen(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


@pytest.mark.parametrize(
    ("command", "desired"),
    [("pause", "Paused"), ("resume", "Running"), ("stop", "Stopped"), ("cancel", "Cancelled")],
)
def test_a_wish_goes_to_the_run_in_the_cluster(
    flow: Any, operator: Operator, command: str, desired: str
) -> None:
    name = flow.summing.submit().name
    operator.accept(name)
    done = lateen(command, name)
    assert done.exit_code == 0, done.output
    assert operator.kubectl.run(name)["spec"]["desired"] == desired


def test_a_wish_goes_to_the_place_that_the_command_names(
    flow: Any, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = flow.summing.submit().name
    operator.accept(name)
    monkeypatch.setenv("LATEEN_TARGET", "cluster:/elsewhere")
    done = lateen("cancel", name)
    assert done.exit_code == 2
    assert "'elsewhere'" in done.stderr
    monkeypatch.delenv("LATEEN_TARGET")
    done = lateen("cancel", name, "--namespace", operator.kubectl.namespace)
    assert done.exit_code == 0, done.output
    assert operator.kubectl.run(name)["spec"]["desired"] == "Cancelled"
    assert "no context 'nowhere'" in lateen("stop", name, "--context", "nowhere").stderr


def test_a_wish_reaches_a_run_that_is_not_accepted_yet(
    flow: Any, kubectl: Kubectl, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = flow.summing.submit().name
    done = lateen("cancel", name)
    assert done.exit_code == 0, done.output
    assert kubectl.run(name)["spec"]["desired"] == "Cancelled"
    assert "there is no run 'nowhere'" in lateen("cancel", "nowhere").stderr
    monkeypatch.delenv("LATEEN_TARGET")
    assert f"there is no run '{name}'" in lateen("stop", name).stderr


def stores_of(kubectl: Kubectl, **values: str) -> None:
    """Makes the Secret of the namespace."""
    metadata = {"name": "lateen-stores"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}
    kubectl("create", "-f", "-", given=secret)


def test_it_is_told_that_the_stores_are_perhaps_not_those_of_the_namespace(
    flow: Any, kubectl: Kubectl, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    stores_of(kubectl, LATEEN_DATABASE_URL="postgresql://me:hidden@db/others")
    flow.summing.submit()
    told = capsys.readouterr().err
    assert "LATEEN_DATABASE_URL here names the database" in told
    assert "there it is 'others'" in told
    assert "hidden" not in told


def test_a_finished_run_that_the_catalog_does_not_have_tells_of_other_stores(
    flow: Any, kubectl: Kubectl, catalog: Catalog
) -> None:
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}

    def end(event: Event) -> None:
        kubectl.show(event["run"], {"phase": "Failed", "conditions": [accepted]})

    with pytest.raises(SetupError, match="are not those of the namespace"):
        following(
            lambda observe: current_target().run(flow.summing.compile(), observe),  # type: ignore[call-arg]
            {"run-started": end},
        )


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where this process was started by one that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Forgetful(ApiProxy):
    """An API server that has forgotten what happened to Runs, and says so to each watch."""

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        if "watch=" not in asked.path:
            return super().pass_on(asked)
        self.asked.append(f"{asked.command} {asked.path}")
        body = json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410}}) + "\n"
        asked.send_response(200)
        asked.send_header("Content-Type", "application/json")
        asked.end_headers()
        asked.wfile.write(body.encode())
        return None


def test_a_server_that_has_forgotten_is_not_asked_without_pause_and_ctrl_c_ends_it(
    flow: Any, kubectl: Kubectl, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Forgetful(Api(kubectl.cluster.kubeconfig))
    with proxy.serving(), interruptible():
        monkeypatch.setenv("KUBECONFIG", str(proxy.kubeconfig(tmp_path)))
        threading.Timer(6.0, signal.raise_signal, (signal.SIGINT,)).start()
        with pytest.raises(KeyboardInterrupt):
            current_target().run(flow.summing.compile())
    watches = [asked for asked in proxy.asked if "watch=" in asked]
    assert 2 <= len(watches) <= 6


def test_a_wish_does_not_reach_another_run_of_that_name(flow: Any, operator: Operator) -> None:
    named = flow.summing.with_options(run_name="nightly")
    named.submit()
    operator.accept("nightly")
    operator.kubectl("delete", "run", "nightly")
    done = lateen("cancel", "nightly")
    assert done.exit_code == 2
    assert "there is no run 'nightly' in the namespace" in done.stderr
    named.submit()
    done = lateen("cancel", "nightly")
    assert done.exit_code == 2
    assert "is another one than the catalog's" in done.stderr
    assert "desired" not in operator.kubectl.run("nightly")["spec"]


def test_a_run_that_has_ended_takes_no_wishes(flow: Any, operator: Operator) -> None:
    name = flow.summing.submit().name
    operator.finish(name, operator.accept(name), "Succeeded")
    done = lateen("cancel", name)
    assert done.exit_code == 2
    assert re.search(r"has ended \(Succeeded, .* UTC\): it cannot be cancelled", done.stderr)


def test_the_log_of_a_step_that_has_not_started_is_empty(flow: Any, operator: Operator) -> None:
    name = flow.summing.submit().name
    operator.accept(name)
    done = lateen("logs", name, "load")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing was printed\n")


def printing(kubectl: Kubectl, uid: str, command: str) -> dict[str, Any]:
    """A Pod such as the operator makes for the step `load` of a run."""
    image = kubectl.cluster.load("base")
    labels = {
        "lateen.dev/run-uid": uid,
        "lateen.dev/step": "load",
        "lateen.dev/attempt": "1",
    }
    container = {
        "name": "step",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", command],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "load-1", "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
        },
    }


def test_the_log_of_a_running_step_is_followed_to_its_end(flow: Any, operator: Operator) -> None:
    name = flow.summing.submit().name
    uid = operator.accept(name)
    command = "echo first; until [ -e /tmp/go ]; do sleep 0.1; done; echo last"
    operator.kubectl("apply", "-f", "-", given=printing(operator.kubectl, uid, command))
    operator.kubectl("wait", "pod/load-1", "--for=condition=Ready", "--timeout=60s")
    assert lateen("logs", name, "load").stdout == "first\n"
    words = [sys.executable, "-m", "lateen.cli", "logs", name, "load", "--follow"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == "first\n"
            operator.kubectl("exec", "load-1", "--", "touch", "/tmp/go")
            assert process.stdout.readline() == "last\n"
            # Its container is done, and nobody has said yet what becomes of the step.
            told = process.stderr.readline()
            assert told.startswith("load is Pending, and its attempt 1 has ended; waiting for")
            assert name in told
            done = {"phase": "Succeeded", "attempts": 1}
            operator.finish(name, uid, "Succeeded", load=done, total=done)
            assert process.communicate(timeout=60) == ("", "")
        finally:
            process.kill()
