"""Carries the bodies of steps that tests of the laptop define into Pods."""

from __future__ import annotations

import base64
import importlib.util
import json
import pickle
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from lateen import RunFailed, targets
from lateen.cluster.logs import live_log
from lateen.domain.states import RunPhase
from lateen.step.variables import POD_WORK
from lateen.workspace.failures import failure_message
from tests.cluster.person import Person

PACKAGE = "cloudpickle"
"""It needs the standard library alone, and travels with the project."""
_PUT = 'printf %s "$1" > "$2.part" && mv "$2.part" "$2"'


def bring_package(project: Path) -> None:
    """Puts what reads the bodies beside the project's own modules."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(found.origin).parent, project / PACKAGE, ignore=ignored)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Runs a step of the project ``carried`` that does what a function of a test does."""

    person: Person
    test: ModuleType
    """The module of the test; the function may call what it defines."""

    def carry(self, step: str, body: Callable[..., Any], **options: Any) -> Any:
        """The run when it has finished; lists and dicts of this process are as it left them.

        Raises RunFailed where the run does not succeed.
        """
        carried = self.person.module("carried")
        pipeline = carried.running(getattr(carried, step), **options)
        run = pipeline.submit(self._bytes(body))
        mine = carried.containers(body)
        lengths = {name: len(value) for name, value in mine.items()}
        with ThreadPoolExecutor(1) as pool:
            finished = pool.submit(self.person.finished, run)
            for line in _lines(run, step, finished):
                if line.startswith(carried.ASK):
                    self._answer(run, step, json.loads(line.removeprefix(carried.ASK)))
                elif line.startswith(carried.LEFT):
                    left = pickle.loads(base64.b64decode(line.removeprefix(carried.LEFT)))
                    _take_over(mine, left, lengths)
            return _successful(finished.result())

    def _bytes(self, body: Callable[..., Any]) -> str:
        import cloudpickle

        cloudpickle.register_pickle_by_value(self.test)
        try:
            return base64.b64encode(cloudpickle.dumps(body)).decode()
        finally:
            cloudpickle.unregister_pickle_by_value(self.test)

    def _answer(self, run: Any, step: str, question: Mapping[str, Any]) -> None:
        carried = self.person.module("carried")
        answer = carried.own[question["name"]](*question["arguments"], **question["named"])
        place = carried.answer_place(str(POD_WORK.temporary), question["number"])
        pod = self.person.run(run).pods(step)[-1]["metadata"]["name"]
        words = ("sh", "-c", _PUT, "sh", base64.b64encode(pickle.dumps(answer)).decode(), place)
        self.person.workspace.kubectl("exec", pod, "-c", "step", "--", *words)


def _lines(run: Any, step: str, finished: Future[Any]) -> Iterator[str]:
    """What the attempts print, as they print it."""
    server, n = targets.server(), 1
    while not finished.done():
        log = live_log(server, run.id, step, n, follow=True)
        if log is None:
            time.sleep(0.1)
            continue
        yield from _split(log)
        n += 1
    # The node may tell of a container after its step is over.
    for attempt in finished.result().steps[step].attempts[n - 1 :]:
        yield from attempt.logs.splitlines()


def _split(log: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in log:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in lines)


def _take_over(
    mine: Mapping[str, Any], left: Mapping[str, Any], lengths: Mapping[str, int]
) -> None:
    for name, value in left.items():
        if isinstance(value, list):
            mine[name].extend(value[lengths[name] :])
        else:
            mine[name].update(value)


def _successful(run: Any) -> Any:
    if run.status is not RunPhase.SUCCEEDED:
        raise RunFailed(failure_message(run), run)
    return run
