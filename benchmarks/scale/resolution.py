"""Ten references of one attempt, beside ten index probes and a commit."""

import random
import sys
from collections.abc import Callable
from time import perf_counter

from benchmarks.scale.attempts import new_attempts
from benchmarks.scale.percentiles import Percentiles
from benchmarks.scale.shape import Shape, identity
from lateen.step.resolving import resolve_attempt
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.connections import Connection, connect

PROBE = b"SELECT id FROM artifact_versions WHERE artifact_id = %s AND number = %s"
WRITE = b"INSERT INTO probed VALUES (%s)"
STEPS_OF_RUN = 1000
WARM_UP = 50


def resolution(url: str, shape: Shape, attempts: int) -> tuple[Percentiles, Percentiles]:
    """How long resolving takes, and how long the probes do, turn by turn."""
    chance = random.Random(attempts)
    catalog = Catalog(url)
    taken: list[float] = []
    probed: list[float] = []
    with connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS probed (number bigint)")
        while len(taken) < attempts + WARM_UP:
            print(f"resolving {len(taken)} of {attempts}", file=sys.stderr)
            count = min(STEPS_OF_RUN, attempts + WARM_UP - len(taken))
            for task in new_attempts(catalog, shape, count, chance):
                probed.append(_seconds(lambda: _probe(connection, shape, chance)))
                taken.append(_seconds(lambda: resolve_attempt(task, catalog)))  # noqa: B023
        connection.execute("DROP TABLE probed")
    catalog.close()
    return Percentiles.of(taken[WARM_UP:]), Percentiles.of(probed[WARM_UP:])


def _probe(connection: Connection, shape: Shape, chance: random.Random) -> None:
    """Ten versions found by one index each, and one row that makes the commit a real one."""
    connection.execute("BEGIN")
    for _ in range(10):
        number, artifact = divmod(chance.randrange(shape.versions), shape.artifacts)
        place = (identity("artifact", artifact), number + 1)
        assert connection.execute(PROBE, place).fetchone()
    connection.execute(WRITE, (1,))
    connection.execute("COMMIT")


def _seconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun
