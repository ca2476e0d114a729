"""The operator while a store, a database or the API server does not answer, or refuses.

It runs as a process of its own on a real API server; no Pod of these tests ever starts.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from lateen.domain.artifacts import Content, File, Manifest
from lateen.domain.attempts import AttemptKey
from lateen.step.operations import lease_holder, version_payload
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task, beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.migrations import migrate
from tests.catalogs.attempts import success
from tests.catalogs.databases import Databases, url_of
from tests.cluster import operator_process
from tests.cluster.api import Api
from tests.cluster.api_proxy import ApiProxy
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.waiting import until
from tests.contract.cluster.conftest import Kubectl
from tests.servers.gate import Fault, gate, refusal

Json = dict[str, Any]
IMAGE = f"docker.io/library/busybox@sha256:{'0' * 64}"
"""That no registry has."""
MAKE = {"name": "make", "command": ["true"], "outputs": [{"name": "out"}]}
LEASE_LASTS = 15.0


@dataclass
class Space:
    """A workspace with a database of its own."""

    kubectl: Kubectl
    url: str

    @property
    def namespace(self) -> str:
        return self.kubectl.namespace

    def run(self, **spec: Any) -> str:
        """Makes a Run of one step; its name."""
        name = f"run-{uuid4().hex[:6]}"
        pipeline = {"name": "making", "image": IMAGE, "steps": [MAKE], **spec}
        metadata = {"name": name}
        kind = {"apiVersion": "lateen.dev/v1alpha1", "kind": "Run", "metadata": metadata}
        self.kubectl("create", "-f", "-", given={**kind, "spec": {"pipelineSpec": pipeline}})
        return name

    def shown(self, name: str) -> str:
        """The reason and the message of a Run that goes on."""
        conditions = self.kubectl.run(name).get("status", {}).get("conditions", [])
        found = next((it for it in conditions if it["type"] == "Succeeded"), {})
        return f"{found.get('reason')}: {found.get('message')}"

    def says(self, name: str, word: str) -> bool:
        return word in self.shown(name)

    def says_nothing_of(self, name: str, word: str) -> bool:
        return word not in self.shown(name)

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        """State, number, and the moments of opening and end of each attempt of a Run."""
        return self.rows(
            "SELECT a.state, a.n, a.opened_at, a.ended_at FROM attempts a"
            " JOIN runs r ON r.id = a.run_id WHERE r.name = %s ORDER BY a.n",
            name,
        )

    def change(self, statement: str) -> None:
        """Changes the database itself."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()


@dataclass
class Ground:
    """Workspaces, and an operator that serves them alone."""

    cluster: Cluster
    folder: Path
    spaces: list[Space] = field(default_factory=list)
    ending: ExitStack = field(default_factory=ExitStack)

    def space(self, url: str, store: str) -> Space:
        """A new workspace."""
        kubectl = Kubectl(self.cluster, f"test-{uuid4().hex[:10]}")
        kubectl("create", "namespace", kubectl.namespace)
        self.ending.callback(kubectl, "delete", "namespace", kubectl.namespace, "--wait=false")
        secret = {
            "LATEEN_DATABASE_URL": url,
            "LATEEN_STORE_URL": store,
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "tester-secret",
        }
        data = {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}
        kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lateen-stores"}}
        kubectl("create", "-f", "-", given={**kind, "data": data})
        self.spaces.append(Space(kubectl, url))
        return self.spaces[-1]

    def operator(self, **settings: str) -> OperatorProcess:
        """Starts the operator."""
        port = operator_process._free_port()
        environment = {
            **self.cluster.environment,
            "LATEEN_IMAGE": "registry.example.com/lateen:1",
            "LATEEN_NAMESPACES": ",".join(space.namespace for space in self.spaces),
            "LATEEN_ELECTION": "off",
            "LATEEN_LISTEN": f"127.0.0.1:{port}",
            **settings,
        }
        operator = OperatorProcess(environment, self.folder / "operator.log", port)
        operator.start()
        self.ending.callback(operator.stop)
        return operator


@pytest.fixture
def ground(unserved: Cluster, tmp_path: Path) -> Iterator[Ground]:
    found = Ground(unserved, tmp_path)
    with found.ending:
        yield found


@dataclass
class Store:
    """An object store in which nothing is, and which may fall silent."""

    place: str
    """Host and port."""
    url: str
    answering: threading.Event
    asked: threading.Event


@contextmanager
def silent_store() -> Iterator[Store]:
    """Takes connections and requests, and answers none until it is told to."""
    answering, asked = threading.Event(), threading.Event()

    def fault(_: str) -> Fault:
        asked.set()
        answering.wait()
        return Fault(refusal(404, "NoSuchKey"))

    with gate("http://127.0.0.1:1", fault) as endpoint:
        place = endpoint.removeprefix("http://")
        yield Store(place, f"s3://bucket?endpoint={quote(endpoint)}", answering, asked)
        answering.set()


def committed_by_hand(space: Space, name: str) -> None:
    """Does what the Pod of a Run's step would have done, so that other Runs find it cached."""
    catalog = Catalog(space.url)
    ((run,),) = space.rows("SELECT id FROM runs WHERE name = %s", name)
    record = catalog.runs.load(str(run))
    key, step = AttemptKey(str(run), "make", 1), record.spec.step("make")
    at = record.created_at
    task = Task(key, "by hand", record.spec, step, {}, name, at, "tester", record.spec.image or "")
    resolve_attempt(task, catalog)
    catalog.attempts.begin(beginning(task))
    digest = "1" * 64
    generations = catalog.attempts.lease(lease_holder(key), [(digest, 3)])
    manifest = Manifest("file", "pathlib.Path", "path", (File("data.txt", 3, digest),))
    content = Content(manifest, generations)
    made = {**version_payload(content, "data", False), "artifact": "made", "version": None}
    output = {**made, "output": "out", "tags": [], "metadata": {}}
    catalog.attempts.commit(success(task, output, cacheable=True))
    catalog.close()


def test_a_store_that_never_answers_keeps_only_who_needs_it(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    with silent_store() as store:
        stuck = ground.space(databases.make(), store.url)
        other = ground.space(databases.make(), str(tmp_path / "store"))
        ground.operator()
        first = stuck.run()
        until(lambda: stuck.attempts(first), "the first attempt")
        committed_by_hand(stuck, first)

        waiting = [stuck.run() for _ in range(8)]
        until(store.asked.is_set, "the operator to ask for what is cached")
        going = other.run()
        until(lambda: other.attempts(going), "a Run of another namespace to go on", 10)
        for name in waiting:
            until(partial(stuck.says, name, "StoreUnavailable"), "it to be said")
            assert stuck.attempts(name) == []

        store.answering.set()
        for name in waiting:
            until(partial(stuck.attempts, name), "the Run to go on", 20)
            until(partial(stuck.says_nothing_of, name, "StoreUnavailable"), "no word of it")


def test_a_database_that_never_answers_keeps_only_its_own_workspace(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    with silent_store() as database:
        store = str(tmp_path / "store")
        stuck = ground.space(f"postgresql://me:none@{database.place}/db", store)
        other = ground.space(databases.make(), store)
        waiting = [stuck.run() for _ in range(8)]
        going = other.run()
        ground.operator()
        until(lambda: other.attempts(going), "a Run of another namespace to go on", 10)
        for name in waiting:
            until(partial(stuck.says, name, "CatalogUnavailable"), "it to be said")
        until(lambda: other.attempts(other.run()), "a further Run to go on", 10)


@pytest.fixture
def empty_database(catalog_url: str) -> Iterator[Callable[[], str]]:
    """Makes databases without any table."""
    with psycopg.connect(catalog_url, autocommit=True) as connection:

        def made() -> str:
            name = f"empty_{uuid4().hex[:8]}"
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template1".encode())
            return url_of(catalog_url, name)

        yield made


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_database_whose_clock_is_minutes_off_moves_no_timeout_and_no_backoff(
    ground: Ground, empty_database: Callable[[], str], tmp_path: Path, minutes: int
) -> None:
    url = empty_database()
    _skew(url, minutes)
    space = ground.space(url, str(tmp_path / "store"))
    ground.operator()
    step = {**MAKE, "startTimeout": "8s", "retry": {"limit": 1, "backoff": "1s"}}
    name = space.run(steps=[step])
    until(lambda: len(space.attempts(name)) == 2, "the second attempt", 40)
    (_, _, opened, ended), (_, _, again, _) = space.attempts(name)
    assert 8 <= (ended - opened).total_seconds() < 20
    assert 1 <= (again - ended).total_seconds() < 10


def _skew(url: str, minutes: int) -> None:
    """Makes a catalog whose database's clock is wrong."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
            f" $$ SELECT pg_catalog.clock_timestamp() + interval '{minutes} minutes' $$".encode()
        )
        connection.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog".encode())
    migrate(url)


def test_a_database_that_lacks_a_table_is_no_outage(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    space = ground.space(databases.make(), str(tmp_path / "store"))
    operator = ground.operator()
    space.change("ALTER TABLE attempts RENAME TO elsewhere")
    name = space.run()
    until(lambda: "CatalogRefused" in space.shown(name), "it to be said")
    assert 'relation "attempts" does not exist' in space.shown(name)
    failed = said(operator, "a look at a Run failed")
    assert len(failed) == 1
    assert "UndefinedTable" in failed[0]["exception"]
    space.change("ALTER TABLE elsewhere RENAME TO attempts")
    until(lambda: space.attempts(name), "the Run to go on", 90)
    until(lambda: "CatalogRefused" not in space.shown(name), "no word of it")


def test_a_status_that_the_api_server_refuses_is_told_once(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    space = ground.space(databases.make(), str(tmp_path / "store"))
    operator = ground.operator()
    with no_status_in(space):
        name = space.run()
        until(lambda: "StatusRefused" in events(space), "the Event")
        until(lambda: space.attempts(name), "the Run to go on all the same")
        assert "no status today" in events(space)["StatusRefused"]
        uid = space.kubectl.run(name)["metadata"]["uid"]
        told = [it for it in said(operator, "refuses a status") if it["uid"] == uid]
        assert len(told) == 1
        assert '"phase": ' in told[0]["message"]
        assert 'lateen_status_refused_total{kind="Run"}' in operator.metrics()


def said(operator: OperatorProcess, words: str) -> list[Json]:
    """The lines of the operator's log with these words."""
    lines = (json.loads(line) for line in operator.logs().splitlines())
    return [line for line in lines if words in line["message"]]


def events(space: Space) -> Mapping[str, str]:
    """The words of the workspace's Events, by reason."""
    found = json.loads(space.kubectl("get", "events.events.k8s.io", "-o", "json"))
    return {it["reason"]: it.get("note", "") for it in found["items"]}


@contextmanager
def no_status_in(space: Space) -> Iterator[None]:
    """Has the API server refuse every status of a Run in one namespace, as Invalid."""
    name = f"no-status-{space.namespace}"
    rules = {
        "apiGroups": ["lateen.dev"],
        "apiVersions": ["v1alpha1"],
        "operations": ["UPDATE"],
        "resources": ["runs/status"],
    }
    labels = {"kubernetes.io/metadata.name": space.namespace}
    where = {"resourceRules": [rules], "namespaceSelector": {"matchLabels": labels}}
    validations = [{"expression": "false", "message": "no status today"}]
    api = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    policy = {"matchConstraints": where, "validations": validations}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    cluster = space.kubectl.cluster
    cluster.apply({**api, "kind": "ValidatingAdmissionPolicy", "spec": policy})
    cluster.apply({**api, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
    try:
        probe = space.run()
        patch = ("patch", "run", probe, "--subresource=status", "--type=merge", "--dry-run=server")
        words = (f"--namespace={space.namespace}", *patch, "-p", '{"status":{"progress":"9/9"}}')
        until(lambda: "no status today" in cluster.attempt(*words).stderr, "the policy to hold")
        space.kubectl("delete", "run", probe)
        yield
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            cluster.kubectl("delete", kind, name)


class HangingProxy(ApiProxy):
    """An API server that may take requests and answer none."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.answering = threading.Event()
        self.answering.set()

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        self.answering.wait()
        super().pass_on(asked)


def test_a_leader_ends_before_its_lease_is_over_though_the_api_server_hangs(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    space = ground.space(databases.make(), str(tmp_path / "store"))
    proxy = HangingProxy(Api(ground.cluster.kubeconfig))
    with proxy.serving():
        operator = ground.operator(
            KUBECONFIG=str(proxy.kubeconfig(tmp_path)),
            LATEEN_ELECTION="on",
            POD_NAMESPACE=space.namespace,
        )
        until(lambda: "this replica leads" in operator.logs(), "it to lead")
        proxy.answering.clear()
        assert operator.process.wait(LEASE_LASTS) == 1
        proxy.answering.set()
    assert "the Lease was lost" in operator.logs()
