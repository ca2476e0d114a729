"""Many small artifacts that the code of one step saves, beside what none of them can go below."""

import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter, time_ns

import psycopg

from benchmarks.scale.sizes import of_versions
from lateen import pipeline, save_artifact, step
from lateen.stores.catalog.connections import Connection, connect

ARTIFACTS = 1000
ROUNDS = 5
DOCUMENT = b'{"number":123,"mark":1234567890123456789}'


@dataclass(frozen=True, slots=True)
class Saved:
    """What many saved artifacts took."""

    seconds: float
    """Of one step that saves them."""
    floor: float
    size: float
    """Bytes of the database that each takes up."""


def publishing(url: str) -> Saved:
    """Medians of rounds in which the step and the floor take turns."""
    _saved(10)
    seconds, floor = [], []
    with psycopg.connect(url) as connection:
        before = of_versions(connection)
    with connect(url) as connection:
        connection.execute("CREATE TABLE floor (number bigint, content bytea)")
        for number in range(ROUNDS):
            print(f"saving, round {number + 1} of {ROUNDS}", file=sys.stderr)
            seconds.append(_saved(ARTIFACTS))
            floor.append(_floor(connection))
        connection.execute("DROP TABLE floor")
    with psycopg.connect(url) as connection:
        size = (of_versions(connection) - before) / (ROUNDS * ARTIFACTS)
    return Saved(median(seconds), median(floor), size)


def _saved(count: int) -> float:
    seconds: float = saving(count, time_ns()).outputs["output"].load()
    return seconds


@step(enable_cache=False)
def save(count: int, mark: int) -> float:
    """The seconds that so many new artifacts take, seen from the step's own code."""
    begun = perf_counter()
    for number in range(count):
        save_artifact({"number": number, "mark": mark}, f"small_{mark}_{number}")
    return perf_counter() - begun


@pipeline
def saving(count: int, mark: int) -> float:
    return save(count, mark)


def _floor(connection: Connection) -> float:
    """As many commits of one row with a document of that size."""
    begun = perf_counter()
    for number in range(ARTIFACTS):
        connection.execute("INSERT INTO floor VALUES (%s, %s)", (number, DOCUMENT))
    return perf_counter() - begun
