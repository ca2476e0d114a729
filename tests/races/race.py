"""A race: several processes with several threads each on one catalog, and then the checks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lateen.domain.states import RunPhase
from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.attempts import (
    finish_run,
    new_run,
    output,
    promotion,
    success,
    task_of,
    version,
)
from tests.races.breakages import BREAKAGES
from tests.races.checks import violations_in
from tests.races.history import History
from tests.races.roles import ROUNDS
from tests.races.specs import DATA, FREE, NOISE, PAIRED, PROMOTING, WEIGHTS
from tests.races.worker import Orders

PROCESSES = (
    {"promoter": 1, "publisher": 1, "fencer": 1, "resolver": 3, "combiner": 1},
    {"promoter": 1, "archiver": 1, "watcher": 1, "resolver": 3, "combiner": 1},
)
"""How many threads each role has in each process."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a race did, and what was wrong with it."""

    done: Counter[str]
    violations: list[str]
    seconds: float


def race(url: str, rounds: int, seed: int, breakage: str | None = None) -> Result:
    """Runs so many resolutions beside everything that changes what they find."""
    processes: Sequence[Mapping[str, int]] = PROCESSES
    if breakage is not None:
        broken = BREAKAGES[breakage]
        broken.break_database(url)
        processes = [broken.roles] * 2 if broken.roles else PROCESSES
    _begin(url)
    started = time.monotonic()
    counted = sum(roles.get(role, 0) for roles in processes for role in ROUNDS)
    reports = _reports(
        [
            Orders(url, f"process-{number}", seed, -(-rounds // counted), dict(roles), breakage)
            for number, roles in enumerate(processes)
        ]
    )
    done: Counter[str] = Counter()
    violations: list[str] = []
    for report in reports:
        done.update(report["done"])
        violations += report["violations"]
    seconds = time.monotonic() - started
    return Result(done, violations or violations_in(History.load(url)), seconds)


def _begin(url: str) -> None:
    """Something for the first references to find."""
    catalog = Catalog(url)
    catalog.attempts.publish(version(NOISE, "0"), None, None)
    for _ in range(4):
        _new_version_of_free(catalog)
    run = new_run(catalog, PROMOTING)
    task = task_of(PROMOTING, run, "promote")
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    begun = {**task.attempt.columns, "holder": task.holder, "model": {"name": PAIRED}}
    made = catalog.attempts.begin(begun)["model_version"]
    outputs = [output("data", DATA, run), output("weights", WEIGHTS, run)]
    move = promotion(PAIRED, made, "production")
    catalog.attempts.commit(success(task, *outputs, promotions=[move]))
    finish_run(catalog, run, RunPhase.SUCCEEDED)
    catalog.close()


def _new_version_of_free(catalog: Catalog) -> None:
    run = new_run(catalog, PROMOTING)
    task = task_of(PROMOTING, run, "promote")
    catalog.attempts.in_snapshot(lambda snapshot: snapshot.take(task.attempt, task.holder))
    held = {**task.attempt.columns, "holder": task.holder}
    catalog.attempts.begin({**held, "model": {"name": FREE}})
    finish_run(catalog, run, RunPhase.CANCELLED)


def _reports(orders: list[Orders]) -> list[dict[str, Any]]:
    """Each worker's report; every worker is a process of its own."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.races.worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, cwd=root, **pipes) for _ in orders]  # type: ignore[call-overload]
    for worker, order in zip(workers, orders, strict=True):
        worker.stdin.write(json.dumps(asdict(order)))
        worker.stdin.close()
    said = [worker.stdout.read() for worker in workers]
    for worker in workers:
        worker.stdout.close()
        assert worker.wait() == 0, "a worker died; its traceback is above"
    return [json.loads(text) for text in said]
