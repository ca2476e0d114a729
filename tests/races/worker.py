"""One process of a race: threads in their roles until the resolvers have done their rounds."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import traceback
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from lateen.stores.catalog.catalog import Catalog
from tests.races.breakages import BREAKAGES
from tests.races.roles import ROLES, ROUNDS, Runner
from tests.races.watcher import WATCHER, watch


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
            threading.Thread(target=self._act, args=(role, next(names))): role
            for role, number in self.orders.roles.items()
            for _ in range(number)
        }
        for thread in threads:
            thread.start()
        for thread, role in threads.items():
            if role in ROUNDS:
                thread.join()
        self._over.set()
        for thread in threads:
            thread.join()
        self.catalog.close()
        return self.report

    def _act(self, role: str, number: int) -> None:
        name = f"{self.orders.name}-{role}-{number}"
        try:
            if role == WATCHER:
                self._tell(watch(self.orders.url, self._over))
            else:
                self._play(role, name)
        except Exception:
            self._tell([f"{name}: {traceback.format_exc()}"])
            self._over.set()

    def _play(self, role: str, name: str) -> None:
        chance = random.Random(f"{self.orders.seed} {name}")
        runner = Runner(self.catalog, self.scratch, name, chance)
        rounds = self.orders.rounds if role in ROUNDS else sys.maxsize
        while rounds and not self._over.is_set():
            ROLES[role](runner)
            rounds -= 1
        with self._lock:
            self.report.done.update(runner.done)

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
    json.dump({"done": report.done, "violations": report.violations}, sys.stdout)


if __name__ == "__main__":
    main()
