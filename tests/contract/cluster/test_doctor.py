"""The doctor of a computer that submits to a cluster, asked beside a server that plays one."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lateen.cli.main import cli
from lateen.resources.crd import definitions
from tests.contract.cluster.kubeconfig import kubeconfig_of

Json = dict[str, Any]
Doctor = Callable[..., dict[str, tuple[str, str]]]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""By the clock of the server, which is not this computer's."""
OPERATORS = "/apis/apps/v1/deployments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/lateen/leases"
OPENAPI = "/openapi/v3/apis/lateen.dev/v1alpha1"
SECRET = "/api/v1/namespaces/iris/secrets/lateen-stores"
NAMESPACE = "/api/v1/namespaces/iris"


def described() -> Json:
    """What an API server says of the definitions that are installed."""
    schemas = {}
    for each in definitions().values():
        (version,) = each["spec"]["versions"]
        kind = each["spec"]["names"]["kind"]
        known = [{"group": "lateen.dev", "kind": kind, "version": "v1alpha1"}]
        schema = deepcopy(version["schema"]["openAPIV3Schema"])
        schemas[kind] = {**schema, "x-kubernetes-group-version-kind": known}
    return {"components": {"schemas": schemas}}


def operator(
    ready: int = 1, namespaces: str | None = None, election: str | None = None, args: str = ""
) -> Json:
    values = {"LATEEN_NAMESPACES": namespaces, "LATEEN_ELECTION": election}
    env = [{"name": name, "value": value} for name, value in values.items() if value]
    container = {"name": "operator", "env": env, **({"args": args.split()} if args else {})}
    return {
        "metadata": {"name": "lateen-operator", "namespace": "lateen"},
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {"readyReplicas": ready},
    }


def lease(silent: timedelta) -> Json:
    return {"items": [{"spec": {"renewTime": (NOW - silent).isoformat()}}]}


@dataclass
class Server:
    """Answers what its pages say, and allows all but what it was told to deny."""

    pages: dict[str, Any] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    """The reviews that are answered with an error."""
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        path = path.partition("?")[0]
        self.asked.append(f"{method} {path}")
        if method == "POST":
            what = body["spec"]["resourceAttributes"]
            part = f"/{what['subresource']}" if what["subresource"] else ""
            right = f"{what['verb']} {what['resource']}{part}"
            if right in self.broken:
                return self.broken[right], {"message": "not now"}
            return 201, {"status": {"allowed": right not in self.denied}}
        if path not in self.pages:
            kind, name = path.split("/")[-2:]
            details = {} if path == OPENAPI else {"details": {"kind": kind, "name": name}}
            return 404, {"message": "not found", **details}
        return 200, self.pages[path]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A cluster in which all is well, which is the one of the kubeconfig."""
    database = "postgresql://it@here/iris"
    held = {"LATEEN_DATABASE_URL": base64.b64encode(database.encode()).decode()}
    found = Server(
        {
            "/version": {"gitVersion": "v1.35.4"},
            NAMESPACE: {"metadata": {"name": "iris"}},
            OPENAPI: described(),
            OPERATORS: {"items": [operator()]},
            LEASES: lease(timedelta(seconds=3)),
            SECRET: {"data": held},
        }
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = found.answer(self.command, self.path, json.loads(given or "{}"))
            body = json.dumps(answer).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(NOW, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the server's names

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(kubeconfig_of(listening.server_address[1])))
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield found
        listening.shutdown()


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Calls the command; the state of each check and what it says."""
    monkeypatch.setenv("LATEEN_HOME", str(tmp_path / "home"))
    for name in ("LATEEN_TARGET", "LATEEN_DATABASE_URL", "LATEEN_STORE_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> dict[str, tuple[str, str]]:
        words = arguments or ("--target", "cluster:it/iris")
        result = CliRunner().invoke(cli, ["doctor", *words, "-o", "json"])
        found = json.loads(result.stdout)
        assert result.exit_code == any(each["state"] == "failed" for each in found)
        return {each["name"]: (each["state"], each["found"] + each["remedy"]) for each in found}

    return call


IN_CLUSTER = ("kubeconfig", "API server", "namespace", "definitions", "rights", "operator")


def test_what_a_submitting_computer_needs_is_looked_at(server: Server, doctor: Doctor) -> None:
    found = doctor()
    assert {name: found[name][0] for name in (*IN_CLUSTER, "workspace")} == dict.fromkeys(
        (*IN_CLUSTER, "workspace"), "ok"
    )
    assert found["operator"][1] == "lateen/lateen-operator, 1 ready"
    state, words = found["stores"]
    assert state == "failed"
    assert "no LATEEN_DATABASE_URL and no LATEEN_STORE_URL" in words
    assert "catalog" not in found  # the one of this computer is not the cluster's


def test_the_environment_may_name_the_cluster(
    server: Server, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATEEN_TARGET", "cluster:it/iris")
    assert doctor("--context", "it")["kubeconfig"] == ("ok", "it, namespace iris")
    assert "kubeconfig" not in doctor("--target", "local")


def test_a_server_that_is_away_is_all_that_is_said_of_its_cluster(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nobody").write_text(json.dumps(kubeconfig_of(1)))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nobody"))
    found = doctor()
    assert found["API server"][0] == "failed"
    assert "does not answer" in found["API server"][1]
    assert "definitions" not in found
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    found = doctor()
    assert found["kubeconfig"][0] == "failed"
    assert "API server" not in found


def test_definitions_that_do_not_know_a_field_are_older(server: Server, doctor: Doctor) -> None:
    run = server.pages[OPENAPI]["components"]["schemas"]["Run"]
    del run["properties"]["spec"]["properties"]["resume"]
    state, words = doctor()["definitions"]
    assert state == "failed"
    assert "older than Lateen here: they do not know Run.spec.resume; " in words
    assert "kubectl apply --server-side -f crds/" in words
    run["properties"]["spec"]["properties"] |= {"resume": {}, "newer": {}}
    assert doctor()["definitions"][0] == "ok"


def test_definitions_that_are_not_there_come_with_the_way_to_install_them(
    server: Server, doctor: Doctor
) -> None:
    server.pages[OPENAPI] = {"components": {"schemas": {}}}
    assert doctor()["definitions"][0] == "failed"
    del server.pages[OPENAPI]
    state, words = doctor()["definitions"]
    assert state == "failed"
    assert "does not know Lateen's resources; install Lateen there" in words


@pytest.mark.parametrize(
    ("denied", "state", "words"),
    [
        ("create runs", "failed", "a role with create runs in the group lateen.dev"),
        ("watch runs", "failed", "may not watch runs"),
        ("patch runs", "absent", "needed to cancel, stop, pause and resume, and only then"),
        ("get pods/log", "absent", "needed for the logs of steps that run"),
    ],
)
def test_rights_that_are_missing_are_named_with_their_use(
    server: Server, doctor: Doctor, denied: str, state: str, words: str
) -> None:
    server.denied.add(denied)
    found = doctor()["rights"]
    assert found[0] == state
    assert words in found[1]


def test_what_may_not_be_read_is_not_asked_for(server: Server, doctor: Doctor) -> None:
    server.denied |= {"get namespaces", "list deployments", "get secrets"}
    found = doctor()
    for name in ("namespace", "operator", "workspace"):
        assert found[name][0] == "absent"
        assert "may not be read with these credentials" in found[name][1]
    assert not {f"GET {path}" for path in (NAMESPACE, OPERATORS, SECRET)} & set(server.asked)


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize(
    ("right", "name"),
    [
        ("get namespaces", "namespace"),
        ("watch runs", "rights"),
        ("list pods", "rights"),
        ("list deployments", "operator"),
        ("list leases", "operator"),
        ("get secrets", "workspace"),
    ],
)
def test_a_look_that_fails_is_one_line_and_takes_no_other_along(
    server: Server, doctor: Doctor, right: str, name: str, status: int
) -> None:
    server.broken[right] = status
    states = {each: state for each, (state, _) in doctor().items() if each != "stores"}
    assert {each for each, state in states.items() if state == "failed"} == {name}
    assert set(states) >= {*IN_CLUSTER, "workspace"}


@pytest.mark.parametrize(
    ("election", "args", "state"),
    [
        ("off", "", "ok"),
        (None, "--election off", "ok"),
        (None, "--election=off", "ok"),
        ("on", "", "failed"),
        ("off", "--election=on", "failed"),
    ],
)
def test_an_operator_that_elects_no_leader_needs_no_lease(
    server: Server, doctor: Doctor, election: str | None, args: str, state: str
) -> None:
    server.pages[OPERATORS] = {"items": [operator(election=election, args=args)]}
    server.pages[LEASES] = {"items": []}
    assert doctor()["operator"][0] == state


@pytest.mark.parametrize(
    ("operators", "silent", "words"),
    [
        ([], 3, "there is no Deployment with the labels"),
        ([operator(namespaces="other,another")], 3, "LATEEN_NAMESPACES of those that are there"),
        ([operator(ready=0)], 3, "lateen/lateen-operator has no replica that is ready"),
        ([operator()], 300, "no replica of the operator lateen/lateen-operator leads"),
    ],
)
def test_an_operator_that_does_not_serve_the_namespace_is_said_to_be_so(
    server: Server, doctor: Doctor, operators: list[Json], silent: int, words: str
) -> None:
    server.pages[OPERATORS] = {"items": operators}
    server.pages[LEASES] = lease(timedelta(seconds=silent))
    state, said = doctor()["operator"]
    assert state == "failed"
    assert words in said


def test_an_operator_of_some_namespaces_serves_those(server: Server, doctor: Doctor) -> None:
    server.pages[OPERATORS] = {"items": [operator(namespaces="other,iris"), operator(0, "other")]}
    assert doctor()["operator"] == ("ok", "lateen/lateen-operator, 1 ready")


def test_a_namespace_that_is_no_workspace_or_another_one_says_what_to_do(
    server: Server, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATEEN_DATABASE_URL", "postgresql://it@127.0.0.1:1/other")
    monkeypatch.setenv("LATEEN_STORE_URL", "s3://bucket/iris?endpoint=http://127.0.0.1:1")
    state, words = doctor()["workspace"]
    assert state == "failed"
    assert "names the database 'other', there it is 'iris'" in words
    assert "//it@" not in words
    del server.pages[SECRET], server.pages[NAMESPACE]
    found = doctor()
    assert "is no workspace: it has no Secret lateen-stores" in found["workspace"][1]
    assert found["namespace"][0] == "failed"


def test_the_stores_are_looked_at_where_they_are_named(
    server: Server,
    doctor: Doctor,
    emptied: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LATEEN_DATABASE_URL", emptied())
    monkeypatch.setenv("LATEEN_STORE_URL", str(tmp_path / "store"))
    found = doctor()
    assert {found[name][0] for name in ("stores", "catalog", "object store")} == {"ok"}
