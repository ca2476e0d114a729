"""Runs of tests: made, waited for, and looked at from all sides."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.cluster import operator_process, workspace
from tests.cluster.api import CORE, EVENTS, LATEEN, Api, Json
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.stores import Stores
from tests.cluster.trouble import Trouble
from tests.cluster.waiting import until
from tests.cluster.workspace import Workspace

ENDS = ("Succeeded", "Failed", "Cancelled")


@dataclass(frozen=True, slots=True)
class Space:
    """A workspace with a way to make Runs in it."""

    workspace: Workspace
    api: Api
    image: str
    """What steps run in."""

    @staticmethod
    def of(cluster: Cluster, workspace: Workspace) -> Space:
        """The workspace, with Debian for its steps."""
        return Space(workspace, Api(cluster.kubeconfig), cluster.load("base"))

    @property
    def namespace(self) -> str:
        return self.workspace.namespace

    def path(self, plural: str, name: str = "", *, api: str = LATEEN) -> str:
        """Where the API server has the objects of a kind, or one."""
        return f"{api}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def start(self, *steps: Json, pipeline: str = "", name: str = "", **spec: Any) -> Run:
        """Makes a Run that brings its pipeline along."""
        name = name or f"run-{secrets.token_hex(3)}"
        annotations = spec.pop("annotations", {})
        whole = {"name": pipeline or name, "image": self.image, "steps": list(steps), **spec}
        body = {
            "apiVersion": "lateen.dev/v1alpha1",
            "kind": "Run",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"pipelineSpec": whole},
        }
        made = self.api.create(self.path("runs"), body)
        return Run(self, name, made["metadata"]["uid"])

    def events(self, uid: str) -> dict[str, str]:
        """What was told about an object: notes by their reasons, a line each."""
        notes: dict[str, list[str]] = {}
        for event in self.api.items(self.path("events", api=EVENTS)):
            if event["regarding"].get("uid") == uid:
                notes.setdefault(event["reason"], []).append(event["note"])
        return {reason: "\n".join(lines) for reason, lines in notes.items()}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the workspace's database answers."""
        with psycopg.connect(self.workspace.database_url) as connection:
            try:
                return connection.execute(query, values).fetchall()
            except psycopg.errors.UndefinedTable:
                return []  # nobody has opened the workspace yet


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt's row."""

    n: int
    state: str
    cause: str | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One Run of a test."""

    space: Space = field(repr=False)
    name: str
    uid: str

    def object(self) -> Json | None:
        """As the API server has it; None where it is gone."""
        return self.space.api.get(self.space.path("runs", self.name))

    @property
    def status(self) -> Json:
        return (self.object() or {}).get("status", {})

    @property
    def phase(self) -> str:
        phase: str = self.status.get("phase", "")
        return phase

    def step(self, name: str) -> Json:
        """What the status says of a step."""
        found: Json = self.status.get("steps", {}).get(name, {})
        return found

    def condition(self, name: str) -> Json:
        """A condition of the status."""
        return next((it for it in self.status.get("conditions", []) if it["type"] == name), {})

    def pods(self, step: str = "") -> list[Json]:
        """Its Pods, or those of a step, the first attempt first."""
        selector = f"lateen.dev/run-uid={self.uid}" + (f",lateen.dev/step={step}" if step else "")
        found = self.space.api.items(self.space.path("pods", api=CORE), labelSelector=selector)
        return sorted(found, key=lambda pod: int(pod["metadata"]["labels"]["lateen.dev/attempt"]))

    def events(self) -> dict[str, str]:
        """What was told about it: notes by their reasons, a line each."""
        return self.space.events(self.uid)

    def attempts(self, step: str) -> list[Attempt]:
        """The attempts of a step, as the catalog has them."""
        query = (
            "SELECT n, state, cause, holder FROM attempts WHERE run_id = %s AND step = %s"
            " ORDER BY n"
        )
        return [Attempt(*row) for row in self.space.rows(query, self.uid, step)]

    def ends(self, step: str) -> list[tuple[str, str | None]]:
        """How the attempts of a step ended: state and cause."""
        return [(it.state, it.cause) for it in self.attempts(step)]

    def committed(self, step: str) -> int:
        """How many versions a step has put out."""
        query = "SELECT count(*) FROM artifact_versions WHERE run_id = %s AND step = %s"
        rows = self.space.rows(query, self.uid, step)
        return int(rows[0][0]) if rows else 0

    def recorded(self) -> tuple[str, str | None]:
        """Phase and reason in the catalog."""
        query = "SELECT phase, reason FROM runs WHERE id = %s"
        rows = self.space.rows(query, self.uid)
        return rows[0] if rows else ("", None)

    def desire(self, word: str) -> None:
        """Says what is wanted of it."""
        self.space.api.patch(self.space.path("runs", self.name), {"spec": {"desired": word}})

    def delete(self) -> None:
        """Deletes it."""
        self.space.api.delete(self.space.path("runs", self.name))

    def until(self, condition: Callable[[], object], what: str, seconds: float = 60) -> float:
        """Waits for a condition, and says for how long; tells all about the Run where in vain."""
        began = time.monotonic()
        try:
            until(condition, what, seconds)
        except Trouble as trouble:
            raise AssertionError(f"{trouble}\n{self.everything()}") from None
        return time.monotonic() - began

    def finished(self, seconds: float = 90) -> str:
        """Waits for its end, as the status shows it; the phase."""
        self.until(lambda: self.phase in ENDS, f"the end of {self.name}", seconds)
        return self.phase

    def running(self, step: str, n: int = 1, seconds: float = 60) -> Json:
        """Waits until user code of an attempt of a step runs; its Pod."""
        began = ("began", "committed")

        def runs() -> bool:
            return any(it.n == n and it.state in began for it in self.attempts(step))

        self.until(runs, f"attempt {n} of {step}", seconds)
        return self.pod(step, n)

    def pod(self, step: str, n: int = 1) -> Json:
        """The Pod of an attempt."""
        return next(
            pod
            for pod in self.pods(step)
            if pod["metadata"]["labels"]["lateen.dev/attempt"] == str(n)
        )

    def open_gate(self, step: str, n: int = 1) -> None:
        """Lets a step that waits at the gate go on."""
        space, pod = self.space, self.pod(step, n)["metadata"]["name"]
        words = ("exec", pod, "-c", "step", "--", "touch", "/lateen/work/open")
        done = space.workspace.cluster.attempt(f"--namespace={space.namespace}", *words)
        # The container may end with its gate, and take along the process that opened it.
        assert done.returncode in (0, 137), done.stderr

    def everything(self) -> str:
        """All that one may want to know when it went otherwise than thought."""
        pods = [
            (pod["metadata"]["name"], pod["status"]["phase"], _states(pod)) for pod in self.pods()
        ]
        query = "SELECT step, n, state, cause, error FROM attempts WHERE run_id = %s"
        return json.dumps(
            [self.status, self.events(), self.space.rows(query, self.uid), pods],
            indent=1,
            default=str,
        )


def _states(pod: Json) -> Json:
    said = pod["status"]
    statuses = said.get("initContainerStatuses", []) + said.get("containerStatuses", [])
    return {it["name"]: (it["restartCount"], it["state"]) for it in statuses}


def shell(name: str, script: str = "true", *, out: bool = True, **fields: Any) -> Json:
    """A step of the shell, with an output that is like no other."""
    put = f'echo {secrets.token_hex(8)} > "$LATEEN_OUTPUTS/out/out.txt"\n'
    return {
        "name": name,
        "command": ["sh", "-c", f"set -e\n{script}\n{put if out else ''}"],
        "outputs": [{"name": "out"}] if out else [],
        "retry": {"limit": 0, "backoff": "1s"},
        **fields,
    }


LARGE = 'head -c 8192 /dev/urandom > "$LATEEN_OUTPUTS/out/large"'
"""Puts out more than the catalog keeps itself, so that there is a blob."""
GATE = "until [ -e /lateen/work/open ]; do sleep 0.1; done"
"""Waits until the test lets it go on."""


Ground = tuple[Space, OperatorProcess]
"""A workspace and its own operator."""


@contextmanager
def served(cluster: Cluster, stores: Stores, folder: Path, **settings: str) -> Iterator[Ground]:
    """A workspace for a module's tests, and its operator: a process that tests may kill."""
    made = workspace.create(cluster, stores, f"faults-{secrets.token_hex(3)}")
    try:
        namespaces = [made.namespace]
        options = {"LATEEN_GRACE": "20s", **settings}
        with operator_process.running(cluster, folder, namespaces, **options) as operator:
            yield Space.of(cluster, made), operator
    finally:
        made.delete()
