"""What the init container does beside transfer: its own process, on the stores of the cluster."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

from benchmarks.cluster.ground import Ground
from benchmarks.cluster.runs import Pipelines
from lateen.domain.attempts import AttemptKey
from lateen.local.target import default
from lateen.resources.convert import run_pipeline_spec
from lateen.resources.run import RunResource
from lateen.step import variables

ROUNDS = 9


def seconds(ground: Ground, pipelines: Pipelines) -> tuple[float, float]:
    """Medians of the phase's process and of one that does nothing."""
    body = pipelines.bodies("chain", length=1)[0]
    spec = run_pipeline_spec(RunResource.model_validate(body))
    assert spec is not None
    catalog = default().workspace.catalog
    taken, floors = [], []
    for _ in range(ROUNDS):
        run = str(uuid4())
        catalog.runs.create(run, f"benchmark-{run}", spec, {"number": 0}, target="benchmark")
        attempt = AttemptKey(run, spec.steps[0].name, 1)
        catalog.attempts.open(attempt)
        with tempfile.TemporaryDirectory() as folder:
            environment = _environment(attempt, Path(folder), ground.step_image)
            taken.append(_timed(["-m", "lateen.pod", "resolve"], environment))
        floors.append(_timed(["-c", "pass"], {}))
    return median(taken), median(floors)


def _environment(attempt: AttemptKey, folder: Path, image: str) -> dict[str, str]:
    for name in ("work", "given"):
        (folder / name).mkdir()
    return {
        variables.RUN: attempt.run,
        variables.STEP: attempt.step,
        variables.ATTEMPT: str(attempt.n),
        variables.HOLDER: str(uuid4()),
        variables.WORK: str(folder / "work"),
        variables.GIVEN: str(folder / "given"),
        variables.IMAGE: image,
    }


def _timed(words: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, env={**os.environ, **environment})
    return time.perf_counter() - began
