"""Many attempts that resolve at once, each over a connection of its own."""

import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from time import perf_counter

from benchmarks.scale.attempts import new_attempts
from benchmarks.scale.shape import Shape
from lateen.step.resolving import resolve_attempt
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog

ATTEMPTS = 500
PROCESSES = 4


def crowd_seconds(url: str, shape: Shape) -> float:
    """How long it takes until all have resolved; raises what the first that cannot raises."""
    catalog = Catalog(url)
    tasks = new_attempts(catalog, shape, ATTEMPTS, random.Random(ATTEMPTS))
    catalog.close()
    shares = [tasks[number::PROCESSES] for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(_nothing, range(PROCESSES)))  # so that the processes are up
        begun = perf_counter()
        list(pool.map(_resolve_all, [url] * PROCESSES, shares))
        return perf_counter() - begun


def _nothing(_: int) -> None:
    pass


def _resolve_all(url: str, tasks: list[Task]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(lambda task: _resolve(url, task), tasks))


def _resolve(url: str, task: Task) -> None:
    """As a Pod does: it connects, resolves and is gone."""
    catalog = Catalog(url)
    try:
        resolve_attempt(task, catalog)
    finally:
        catalog.close()
