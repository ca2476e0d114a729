"""Many small artifacts that the code of one step saves, beside what none of them can go below."""

import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, time_ns

from lateen import pipeline, save_artifact, step
from lateen.stores.catalog.connections import connect

ARTIFACTS = 1000
ROUNDS = 3


@step(enable_cache=False)
def publish(count: int, mark: int) -> float:
    """The seconds that so many new artifacts take, seen from the step's own code."""
    begun = perf_counter()
    for number in range(count):
        save_artifact({"number": number, "mark": mark}, f"small_{mark}_{number}")
    return perf_counter() - begun


@pipeline
def publishing(count: int, mark: int) -> float:
    return publish(count, mark)


def publishing_seconds() -> float:
    """The middle one of several runs."""
    publishing(10, time_ns())
    runs = [publishing(ARTIFACTS, time_ns()) for _ in range(ROUNDS)]
    return median(run.outputs["output"].load() for run in runs)


def floor_seconds(url: str) -> float:
    """As many small files made durable, and as many commits of one row."""
    with (
        connect(url) as connection,
        tempfile.TemporaryDirectory(dir=os.environ["LATEEN_HOME"]) as folder,
    ):
        connection.execute("CREATE TABLE floor (number bigint)")
        begun = perf_counter()
        for number in range(ARTIFACTS):
            _write(Path(folder, str(number)))
            connection.execute("INSERT INTO floor VALUES (%s)", (number,))
        taken = perf_counter() - begun
        connection.execute("DROP TABLE floor")
    return taken


def _write(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"{}")
        os.fsync(file.fileno())
