"""Runs of the timed pipelines: made as a laptop makes them, waited for in the cluster."""

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.cluster.ground import Ground
from lateen.cluster.resource import run_body
from lateen.cluster.upload import brought
from lateen.local.target import default
from lateen_operator.kinds import RUNS

Json = dict[str, Any]
LONGEST_SECONDS = 900


class Pipelines:
    """The timed pipelines, compiled and with their source in the store."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        path = ground.project / "steps.py"
        spec = importlib.util.spec_from_file_location("steps", path)
        assert spec is not None
        assert spec.loader is not None
        self._module = importlib.util.module_from_spec(spec)
        sys.modules["steps"] = self._module
        sys.path.insert(0, str(ground.project))
        spec.loader.exec_module(self._module)

    def bodies(
        self, name: str, count: int = 1, cached: bool = False, **arguments: Any
    ) -> list[Json]:
        """Runs of a pipeline that differ in their names alone."""
        pipeline = getattr(self._module, name).with_options(
            image=self._ground.step_image, enable_cache=cached
        )
        compiled = pipeline.compile(**arguments)
        spec = brought(compiled, default().workspace)
        return [run_body(compiled, spec, {}, "benchmark") for _ in range(count)]


def finished(ground: Ground, bodies: Iterable[Json], look: Callable[[], None] = bool) -> float:
    """Makes Runs at once; the seconds until the last of them has ended well."""
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda body: ground.api.create(RUNS, ground.namespace, body), bodies))
    left = {run["metadata"]["uid"] for run in made}
    while left:
        look()
        for page in ground.api.pages(RUNS, ground.namespace):
            left -= {run["metadata"]["uid"] for run in page["items"] if _ended(run)}
        assert time.perf_counter() - began < LONGEST_SECONDS, f"{len(left)} Runs go on"
        time.sleep(0.05)
    return time.perf_counter() - began


def _ended(run: Json) -> bool:
    phase = run.get("status", {}).get("phase")
    assert phase not in ("Failed", "Cancelled"), run["status"]
    return bool(phase == "Succeeded")


def clear(ground: Ground) -> None:
    """Removes all Runs, and their Pods with them."""
    for page in ground.api.pages(RUNS, ground.namespace):
        for run in page["items"]:
            metadata = run["metadata"]
            ground.api.delete(RUNS, ground.namespace, metadata["name"], metadata["uid"])
