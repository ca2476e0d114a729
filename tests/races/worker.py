"""One process of a race: threads in their roles until the resolvers have done their rounds."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from lateen.stores.catalog.catalog import Catalog
from tests.races.breakages import BREAKAGES
from tests.races.roles import ROLES, ROUNDS, Runner
from tests.races.watcher import watch


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to do."""

    url: str
    name: str
    seed: int
    rounds: int
    """Of each thread that counts them."""
    roles: dict[str, int]
    """How many threads each role has."""
    breakage: str | None = None


@dataclass
class Report:
    """What a worker did and saw."""

    done: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Worker:
    """The threads of one process."""

    def __init__(self, orders: Orders, scratch: Path) -> None:
        self.orders = orders
        self.scratch = scratch
        self.report = Report()
        self.catalog = Catalog(orders.url)
        self._over = threading.Event()
        self._lock = threading.Lock()

    def work(self) -> Report:
        names = count()
        threads = {
            threading.Thread(target=self._play, args=(role, next(names))): role
            for role, number in self.orders.roles.items()
            for _ in range(number)
        }
        watching = threading.Thread(target=self._watch)
        for thread in (*threads, watching):
            thread.start()
        for thread, role in threads.items():
            if role in ROUNDS:
                thread.join()
        self._over.set()
        for thread in (*threads, watching):
            thread.join()
        self.catalog.close()
        return self.report

    def _play(self, role: str, number: int) -> None:
        name = f"{self.orders.name}-{role}-{number}"
        runner = Runner(
            self.catalog, self.scratch, name, random.Random(f"{self.orders.seed} {name}")
        )
        rounds = self.orders.rounds if role in ROUNDS else sys.maxsize
        try:
            while rounds and not self._over.is_set():
                ROLES[role](runner)
                rounds -= 1
        except Exception:
            self._tell([f"{name}: {traceback.format_exc()}"])
            self._over.set()
        with self._lock:
            self.report.done.update(runner.done)

    def _watch(self) -> None:
        try:
            self._tell(watch(self.orders.url, self._over))
        except Exception:
            self._tell([f"watcher: {traceback.format_exc()}"])
            self._over.set()

    def _tell(self, violations: list[str]) -> None:
        with self._lock:
            self.report.violations += violations


def main() -> None:
    """Takes its orders from standard input, and reports to standard output."""
    orders = Orders(**json.load(sys.stdin))
    if orders.breakage is not None:
        BREAKAGES[orders.breakage].break_process()
    with tempfile.TemporaryDirectory() as scratch:
        report = Worker(orders, Path(scratch)).work()
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
