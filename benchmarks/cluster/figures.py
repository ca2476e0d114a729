"""The lines of the report, and what is to be reached."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from statistics import median as middle

from benchmarks.cluster import histogram, pods, resolving
from benchmarks.cluster.ground import Ground
from benchmarks.cluster.process import Usage
from benchmarks.cluster.runs import Pipelines, clear, finished
from benchmarks.scale.figures import Figure
from lateen.domain.states import RunPhase, StepPhase
from lateen_operator.status import RunReport, StepReport, run_status

CHAIN = 10
CROWD = 40
CACHED_RUNS, CACHED_STEPS = 100, 10
DRAINED = 500
LONG = 2000


def chain(ground: Ground, pipelines: Pipelines) -> Iterator[Figure]:
    """Steps of which each waits for the one before it, and how quickly one follows the other."""
    taken, floors, told = [], [], []
    before = ground.metrics()
    for round_ in range(ground.rounds):
        floors.append(pods.chain_seconds(ground, CHAIN) / CHAIN)
        told.append(pods.told_chain_seconds(ground, CHAIN) / CHAIN)
        bodies = pipelines.bodies("chain", length=CHAIN, number=round_)
        taken.append(finished(ground, bodies) / CHAIN)
        clear(ground)
    name = f"chain of {CHAIN}, a step"
    yield Figure(name, middle(taken), "s", 1.5, middle(floors))
    yield Figure("    Pods that import the same, each made at once", middle(told), "s")
    handed_on = histogram.median(ground.metrics(), "lateen_handing_on_seconds", before)
    yield Figure("from a commit to the next Pod, median", handed_on * 1000, "ms", 50.0)


def crowd(ground: Ground, pipelines: Pipelines) -> Iterator[Figure]:
    """Many steps at once, and what of their time is containers that import what ours import."""
    taken, floors, bare = [], [], []
    for round_ in range(ground.rounds):
        bare.append(pods.crowd_seconds(ground, CROWD, importing=False))
        floors.append(pods.crowd_seconds(ground, CROWD))
        bodies = pipelines.bodies("crowd", width=CROWD, number=1000 * round_)
        taken.append(finished(ground, bodies))
        clear(ground)
    floor = middle(floors)
    yield Figure(f"{CROWD} steps at once", middle(taken), "s", 1.5 * floor, floor)
    yield Figure("    Pods that import nothing", middle(bare), "s")


def cached(ground: Ground, pipelines: Pipelines) -> Iterator[Figure]:
    """Runs whose steps are all served from the cache."""
    finished(ground, pipelines.bodies("chain", cached=True, length=CACHED_STEPS))
    bodies = pipelines.bodies("chain", CACHED_RUNS, cached=True, length=CACHED_STEPS)
    seconds = finished(ground, bodies)
    clear(ground)
    yield Figure(f"{CACHED_RUNS} runs of {CACHED_STEPS} cached steps", seconds, "s", 10.0)


def drain(ground: Ground, pipelines: Pipelines) -> Iterator[Figure]:
    """What the operator takes while many Runs go through."""
    usage = Usage(ground.operator)
    bodies = pipelines.bodies("crowd", DRAINED, width=1)
    seconds = finished(ground, bodies, usage.look)
    clear(ground)
    yield Figure(f"{DRAINED} runs of one step", seconds, "s")
    yield Figure("    the operator's memory, at most", usage.most_memory, "MiB", 200.0)
    yield Figure("    the operator's share of a processor", usage.share, "%", 30.0)


def status(_ground: Ground, _pipelines: Pipelines) -> Iterator[Figure]:
    """The status of a Run with as many steps as there may be, each with all that it may say."""
    words = "the step's process ended with exit code 1 and left no outcome " * 5
    reports = {
        f"a-step-with-a-long-name-{place}": StepReport(
            StepPhase.FAILED, 4, "classifier=7 " * 20, "StepDied", words
        )
        for place in range(LONG)
    }
    report = RunReport(RunPhase.FAILED, "StepFailed", "failed", reports)
    size = len(json.dumps(run_status(report, None, datetime.now(UTC)), separators=(",", ":")))
    yield Figure(f"status of a run of {LONG:,} steps", size / 1024, "KiB", 1024.0)


def start(ground: Ground, pipelines: Pipelines) -> Iterator[Figure]:
    """What the init container does beside transfer."""
    seconds, floor = resolving.seconds(ground, pipelines)
    yield Figure("the init container's own work", seconds * 1000, "ms", 400.0, floor * 1000)


Part = Callable[[Ground, Pipelines], Iterator[Figure]]
PARTS: Mapping[str, Part] = {
    part.__name__: part for part in (chain, crowd, cached, drain, status, start)
}
