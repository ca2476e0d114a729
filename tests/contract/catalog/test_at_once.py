"""The same thing done by several at once: it happens once, or in some order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from lateen.domain.errors import StageTakenError, VersionConflictError
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, StepSpec
from lateen.domain.states import RunPhase
from lateen.step.ports import Stores
from lateen.step.resolving import resolve_attempt
from lateen.step.serving import serve_from_cache
from lateen.step.task import beginning
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects.directory import DirectoryStore
from tests.catalogs.attempts import (
    finish_run,
    new_run,
    output,
    promotion,
    success,
    task_of,
    version,
)

CROWD = 8
T = TypeVar("T")
R = TypeVar("R")


def at_once(work: Callable[[T], R], things: Iterable[T]) -> list[R | Exception]:
    """What comes of it for each, or what was raised."""
    given = list(things)
    ready = threading.Barrier(len(given))

    def run(thing: T) -> R | Exception:
        ready.wait()
        try:
            return work(thing)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(run, given))


def test_steps_that_begin_at_once_share_the_version_that_their_run_makes(
    catalog: Catalog, tmp_path: Path
) -> None:
    steps = tuple(
        StepSpec(
            f"s{n}", f"s{n}", outputs=(OutputSpec("out", f"made-{n}"),), code_digest="sha256:c"
        )
        for n in range(CROWD)
    )
    spec = PipelineSpec("p", steps=steps, model=ModelSpec("m"))
    stores = Stores(catalog, DirectoryStore(tmp_path))

    def run_step(run: str, step: StepSpec, cached: bool) -> None:
        task = task_of(spec, run, step.name)
        if cached:
            assert serve_from_cache(task, stores)
            return
        resolve_attempt(task, catalog)
        catalog.attempts.begin(beginning(task))
        made = output("out", f"made-{step.name[1:]}", "x")
        catalog.attempts.commit(success(task, made, cacheable=True))

    for cached in (False, True):
        run = new_run(catalog, spec)
        ended = at_once(lambda step: run_step(run, step, cached), steps)  # noqa: B023 - called here
        assert ended == [None] * CROWD
        finish_run(catalog, run, RunPhase.SUCCEEDED)
    versions = catalog.reading.versions_of_model("m")
    assert [found["number"] for found in versions] == [2, 1]
    for found in versions:
        assert len(catalog.reading.linked(found["id"])) == CROWD


@pytest.mark.parametrize("texts", ["xxxxxxxx", "abcdefgh"])
def test_a_named_version_published_at_once_is_one(texts: str, catalog: Catalog) -> None:
    def publish(text: str) -> str:
        return catalog.attempts.publish(version("data", text, "v1"), None, None).id

    made = at_once(publish, texts)
    won = {each for each in made if isinstance(each, str)}
    assert len(won) == 1
    lost = [each for each in made if not isinstance(each, str)]
    assert all(isinstance(each, VersionConflictError) for each in lost)
    assert len(lost) == (0 if len(set(texts)) == 1 else CROWD - 1)
    assert [v["number"] for v in catalog.reading.versions_of_artifact("data")] == [1]


@pytest.mark.parametrize(("force", "expect"), [(True, "none"), (False, None)])
def test_of_gates_that_promote_at_once_one_does(
    force: bool, expect: str | None, catalog: Catalog
) -> None:
    spec = PipelineSpec("p", steps=(StepSpec("s", "s"),), model=ModelSpec("m"))
    for _ in range(CROWD):
        run = new_run(catalog, spec)
        task = task_of(spec, run, "s")
        resolve_attempt(task, catalog)
        catalog.attempts.begin(beginning(task))
        finish_run(catalog, run, RunPhase.SUCCEEDED)
    ids = [found["id"] for found in catalog.reading.versions_of_model("m")]

    def promote(model_version: str) -> None:
        catalog.attempts.set_stage(promotion("m", model_version, "production", force, expect))

    ended = at_once(promote, ids)
    assert sum(each is None for each in ended) == 1
    assert sum(isinstance(each, StageTakenError) for each in ended) == CROWD - 1
    stages = [found["stage"] for found in catalog.reading.versions_of_model("m")]
    assert sorted(stages) == ["none"] * (CROWD - 1) + ["production"]
    assert len(catalog.reading.stage_history("m")) == 1
