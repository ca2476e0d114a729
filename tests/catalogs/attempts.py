"""Runs and attempts without user code: what a test hands to the life of a step."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from lateen.domain.artifacts import Content, Manifest
from lateen.domain.attempts import AttemptKey
from lateen.domain.spec import PipelineSpec
from lateen.domain.states import AttemptState, RunPhase, StepPhase
from lateen.step.operations import version_payload
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.runs import Origin

CREATED = datetime(2030, 1, 1, tzinfo=UTC)


def new_run(catalog: Catalog, spec: PipelineSpec, chance: random.Random | None = None) -> str:
    """A run of a spec that has started; its id, which is its name too."""
    run = str(uuid4() if chance is None else UUID(int=chance.getrandbits(128), version=4))
    catalog.runs.create(run, run, spec, {}, target="test", origin=Origin("tester"))
    catalog.runs.start(run)
    return run


def finish_run(catalog: Catalog, run: str, phase: RunPhase) -> None:
    """The end of a run."""
    catalog.runs.finish({"run": run, "phase": phase.value, "reason": None, "message": None})


def task_of(spec: PipelineSpec, run: str, step: str, n: int = 1, holder: str = "me") -> Task:
    """An attempt of a step of a run."""
    key = AttemptKey(run, step, n)
    return Task(key, holder, spec, spec.step(step), {}, run, CREATED, "tester", "3.11")


def content(text: str) -> Content:
    """An artifact that is this text and has no files."""
    return Content(Manifest("json", text, "tests.Text", ()), kept=b"")


def version(
    artifact: str, text: str, name: str | None = None, kind: str = "data"
) -> dict[str, Any]:
    """A version of an artifact, as the catalog takes it."""
    named = {"artifact": artifact, "version": name}
    return {**version_payload(content(text), kind, False), **named, "tags": [], "metadata": {}}


def output(key: str, artifact: str, text: str, name: str | None = None) -> dict[str, Any]:
    """An output of an attempt, as the catalog takes it."""
    return {**version(artifact, text, name), "output": key}


def success(task: Task, *outputs: Mapping[str, Any], **further: Any) -> dict[str, Any]:
    """The end of an attempt that went well, as the catalog takes it."""
    end = {"state": AttemptState.COMMITTED.value, "phase": StepPhase.SUCCEEDED.value}
    held = {**task.attempt.columns, "holder": task.holder}
    return {**held, **end, "outputs": list(outputs), **further}


def failure(task: Task) -> dict[str, Any]:
    """The end of an attempt that failed, as the catalog takes it."""
    end = {"state": AttemptState.FAILED.value, "phase": StepPhase.FAILED.value, "cause": "user"}
    return {**task.attempt.columns, "holder": task.holder, **end, "error": {"message": "no"}}


def promotion(
    model: str, model_version: str, stage: str, force: bool = False, expect: str | None = None
) -> dict[str, Any]:
    """A promotion, as the catalog takes it."""
    return {
        "model": model,
        "model_version": model_version,
        "stage": stage,
        "force": force,
        "expect": expect,
        "by": "tester",
    }
