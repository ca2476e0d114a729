"""What people look at of a run with very many steps."""

import io
import random
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from statistics import median
from time import perf_counter

from benchmarks.scale.attempts import OUTPUT, new_attempts, success
from benchmarks.scale.shape import Shape, artifact_name
from lateen import Client
from lateen.cli.main import cli
from lateen.domain.states import RunPhase
from lateen.local.runner import inputs_text
from lateen.resources.status import RunStatus, StepStatus
from lateen.step.resolving import resolve_attempt
from lateen.stores.catalog.catalog import Catalog

STEPS = 2000
ROUNDS = 5


def long_run(url: str, shape: Shape) -> tuple[str, RunStatus]:
    """The name of a new run with that many finished steps, and the status that it would have."""
    catalog = Catalog(url)
    tasks = new_attempts(catalog, shape, STEPS - 1, random.Random(STEPS))
    version = catalog.attempts.in_snapshot(lambda s: s.artifact(artifact_name(0), "1"))
    steps = {}
    for task in tasks:
        receipts = resolve_attempt(task, catalog).resolution.receipts
        catalog.attempts.commit(success(task, {OUTPUT: version.id}))
        line = inputs_text(receipts)[:200]
        steps[task.step.name] = StepStatus(phase="Succeeded", attempts=1, inputs=line)
    run = tasks[0].attempt.run
    catalog.runs.finish({"run": run, "phase": RunPhase.SUCCEEDED.value})
    catalog.close()
    return f"scale-{run}", RunStatus(phase="Succeeded", progress=f"{STEPS}/{STEPS}", steps=steps)


def page_seconds(run: str) -> Mapping[str, float]:
    """How long each page takes."""
    return {
        "Client().get_pipeline_run": _seconds(lambda: Client().get_pipeline_run(run).steps),
        "lateen describe run": _seconds(lambda: _command("describe", "run", run)),
        "receipts of one step": _seconds(lambda: _step(run).receipts),
        "lateen why": _seconds(lambda: _command("why", run, "step_1000")),
    }


def _step(run: str) -> object:
    return Client().get_pipeline_run(run).steps["step_1000"]


def _command(*words: str) -> None:
    with redirect_stdout(io.StringIO()):
        cli(words, standalone_mode=False)


def _seconds(page: Callable[[], object]) -> float:
    page()
    taken = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        page()
        taken.append(perf_counter() - begun)
    return median(taken)
