"""A Pod without Kubernetes: the three phases as processes of their own, on shared directories."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from lateen.domain.attempts import AttemptKey
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.materializers import load, save
from lateen.step import variables
from lateen.step.entrypoints import chosen_materializers
from lateen.step.operations import Operations
from lateen.step.ports import ObjectStore, Stores
from lateen.step.workdir import WorkDirectory
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.runs import Origin
from lateen.stores.objects import opened
from tests.contract.pod import flow

SECONDS = 60
"""How long a phase takes at most."""


@dataclass
class Namespace:
    """A catalog and a store, and where Pods have their volumes."""

    url: str
    store: str
    folder: Path
    """Short, as a socket's path must be."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.url)
        self.objects: ObjectStore = opened(self.store)
        self.pods: list[Pod] = []
        self.code = self.keep(packed({"flow.py": Path(flow.__file__).read_text()}))

    @property
    def stores(self) -> Stores:
        return Stores(self.catalog, self.objects)

    def keep(self, content: bytes) -> str:
        """The digest of a blob."""
        digest = sha256(content).hexdigest()
        generation = self.catalog.attempts.lease("test", [(digest, len(content))])[digest]
        if not self.objects.exists(digest, generation):
            self.objects.put(digest, generation, io.BytesIO(content), len(content))
        return f"sha256:{digest}"

    def run(self, spec: PipelineSpec, parameters: Mapping[str, Any] | None = None) -> str:
        """The id of a new run that has started."""
        run = str(uuid4())
        given = {
            **{each.name: each.default for each in spec.parameters},
            **(parameters or {}),
        }
        origin = Origin("tester")
        self.catalog.runs.create(run, run[:8], spec, given, target="cluster", origin=origin)
        self.catalog.runs.start(run)
        return run

    def pod(
        self,
        pipeline: Any,
        step: str | None = None,
        *,
        run: str | None = None,
        n: int = 1,
        **parameters: Any,
    ) -> Pod:
        """A Pod for a step, the first one where none is named, of a new run or of one."""
        spec = pipeline if isinstance(pipeline, PipelineSpec) else self.spec(pipeline)
        run = run or self.run(spec, parameters)
        found = spec.step(step) if step else spec.steps[0]
        self.catalog.attempts.open(AttemptKey(run, found.name, n))
        pod = Pod(self, spec, found, AttemptKey(run, found.name, n))
        self.pods.append(pod)
        return pod

    def spec(self, pipeline: Any) -> PipelineSpec:
        """What a pipeline of the project compiles to, as it is submitted."""
        compiled = pipeline.compile().spec
        steps = [
            replace(step, entrypoint=f"flow:{str(step.entrypoint).partition(':')[2]}")
            for step in compiled.steps
        ]
        return replace(compiled, steps=tuple(steps), image="example/image:1", code=self.code)

    def rows(self, query: str, *parameters: Any) -> list[Any]:
        """What the catalog says, past all of its checks."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def save(self, value: Any, name: str) -> None:
        """A new version of an artifact, from outside of any step."""
        scratch = Path(tempfile.mkdtemp(dir=self.folder))
        operations = Operations(self.stores, scratch, "tester")
        saved = save(value, scratch / "value")
        operations.save_artifact(
            str(scratch / "value"),
            saved.format,
            saved.type,
            saved.materializer,
            saved.kind.value,
            name,
            metadata=saved.metadata,
        )

    def close(self) -> None:
        for pod in self.pods:
            pod.remove()
        self.catalog.close()


@dataclass
class Pod:
    """One attempt of a step, with the volumes of its containers."""

    namespace: Namespace
    spec: PipelineSpec
    step: StepSpec
    attempt: AttemptKey
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.uid = str(uuid4())
        root = self.namespace.folder / self.uid[:8]
        self.work = WorkDirectory(root / "work", root / "given")
        self.work.root.mkdir(parents=True)
        self.work.trusted.mkdir()
        self._processes: list[subprocess.Popen[str]] = []

    def resolve(self, crash_at: str | None = None) -> int:
        """How the init container ends."""
        return self.ended(self.start(variables.RESOLVE_COMMAND[1:], self._ours(crash_at)))

    def publish(self, crash_at: str | None = None) -> subprocess.Popen[str]:
        """The container beside the step."""
        return self.start(variables.PUBLISH_COMMAND[1:], self._ours(crash_at))

    def execute(
        self, crash_at: str | None = None, namespaced: bool = False
    ) -> subprocess.Popen[str]:
        """The step's own container; ``namespaced`` makes it the first process of a namespace."""
        command = [sys.executable, "-S", *variables.EXECUTE_ARGUMENTS]
        folder = self.work.code
        if self.step.entrypoint is None:
            command = [str(self.work.busybox), "sh", str(self.work.wrapper), *self.step.command]
            folder = self.work.root
        first = ["unshare", "--pid", "--fork", "--kill-child"] if namespaced else []
        return self._process([*first, *command], self._steps(crash_at), folder)

    def live(self) -> tuple[int, int, int]:
        """How the three containers end."""
        code = self.resolve()
        if code != variables.COMMITTED:
            return code, -1, -1
        publish, execute = self.publish(), self.execute()
        return code, self.ended(execute), self.ended(publish)

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        folder = self.work.code if self.work.code.exists() else self.work.root
        return self._process([sys.executable, *arguments], environment, folder)

    def _process(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def ended(self, process: subprocess.Popen[str]) -> int:
        """How a process ends; what it printed is in ``said``."""
        self.said, _ = process.communicate(timeout=SECONDS)
        return process.returncode

    def _ours(self, crash_at: str | None) -> dict[str, str]:
        return {
            **_plain(crash_at),
            **self.namespace.environment,
            variables.DATABASE_URL: self.namespace.url,
            variables.STORE_URL: self.namespace.store,
            variables.RUN: self.attempt.run,
            variables.STEP: self.attempt.step,
            variables.ATTEMPT: str(self.attempt.n),
            variables.HOLDER: self.uid,
            variables.IMAGE: self.step.image or self.spec.image or "",
            variables.WORK: str(self.work.root),
            variables.GIVEN: str(self.work.trusted),
            variables.GRACE: "4",
            **self.settings,
        }

    def _steps(self, crash_at: str | None) -> dict[str, str]:
        return {
            **_plain(crash_at),
            variables.WORK: str(self.work.root),
            variables.GIVEN: str(self.work.trusted),
            variables.SOCKET: str(self.work.socket),
            variables.INPUTS: str(self.work.inputs),
            variables.OUTPUTS: str(self.work.outputs),
            variables.RESCUES: str(self.work.rescues),
            variables.ENTRYPOINT: str(self.step.entrypoint),
            variables.MATERIALIZERS: json.dumps(chosen_materializers(self.step)),
            "PYTHONPATH": f"{self.work.runtime}:{self.work.code}",
            "HOME": str(self.work.home),
            "TMPDIR": str(self.work.temporary),
        }

    @property
    def row(self) -> Any:
        """The attempt's state, cause and error in the catalog."""
        ((state, cause, error),) = self.namespace.rows(
            "SELECT state, cause, error FROM attempts WHERE (run_id, step, n) = (%s, %s, %s)",
            *self.attempt.columns.values(),
        )
        return state, cause, error

    @property
    def log(self) -> str:
        """What the catalog says that it printed."""
        ((log,),) = self.namespace.rows(
            "SELECT log FROM attempts WHERE (run_id, step, n) = (%s, %s, %s)",
            *self.attempt.columns.values(),
        )
        if log is None:
            return ""
        path = self.namespace.folder / uuid4().hex
        self.namespace.objects.get(log["sha256"], log["generation"], path)
        return path.read_text()

    def value(self, artifact: str) -> Any:
        """The value of the newest version of an artifact."""
        scratch = Path(tempfile.mkdtemp(dir=self.namespace.folder))
        operations = Operations(self.namespace.stores, scratch, "tester")
        found = operations.fetch(operations.artifact_version(artifact)["id"])
        return load(
            Path(found["path"]),
            format=found["format"],
            type=found["type"],
            materializer=found["materializer"],
        )

    def remove(self) -> None:
        """Ends what is left of it."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        shutil.rmtree(self.work.root.parent)


def _plain(crash_at: str | None) -> dict[str, str]:
    """Nothing of the test's own environment, but where programs are."""
    crash = {} if crash_at is None else {"LATEEN_CRASH_AT": crash_at}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **crash}


def packed(files: Mapping[str, str]) -> bytes:
    """A source archive: the same files give the same bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(plain.getvalue(), mtime=0)
