"""Pipelines that make, link and promote versions of models."""

from __future__ import annotations

from typing import Annotated, Any

from rules import fail_at_once, wait_for

from lateen import (
    ArtifactConfig,
    Client,
    Model,
    ModelStages,
    get_pipeline_context,
    get_step_context,
    pipeline,
    save_artifact,
    step,
)

PRODUCTION = ModelStages.PRODUCTION
BOUND = "bound"
GATES: dict[str, dict[str, Any]] = {
    "careful": {},
    "expecting": {"force": True, "expect": 1},
    "forcing": {"force": True},
    "protected": {},
}
"""How a step of that name promotes the version that it works with."""


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    return value


@pipeline
def training(value: int):
    train(value)


@step(enable_cache=False)
def look(n: int) -> Annotated[int, ArtifactConfig("looked")]:
    """The number of the step's own version."""
    return n + get_step_context().model.number


@step(enable_cache=False)
def take(value: int) -> Annotated[int, "taken"]:
    return value


@pipeline(model=Model("shared"))
def sharing():
    """Three steps at once; what another makes for the new version is awaited."""
    for n in (10, 20, 30):
        look(n)
    taken = take(get_pipeline_context().model.get_artifact("trained"))
    train(4)
    return taken


@pipeline(model=Model("spoilt"))
def failing():
    fail_at_once(after=train(3))


@pipeline(model=Model("unbegun"))
def beginning_nothing():
    take(Client().get_artifact_version("never"))


@pipeline(model=Model(BOUND, version="staging"))
def unpromoted():
    take(get_pipeline_context().model.get_artifact("trained"))


@pipeline
def of_another_kind():
    take(Client().get_model_version(BOUND, 1).get_model_artifact("trained"))


@step(enable_cache=False)
def look_before_and_after() -> Annotated[list, "numbers_seen"]:
    before = get_step_context().model.number
    Client().get_model_version(BOUND, 2).set_stage(PRODUCTION, force=True)
    return [before, get_step_context().model.number]


@pipeline(model=Model(BOUND, version=PRODUCTION))
def moving():
    """Another version is in production when the second step starts."""
    train(9, after=look_before_and_after())


@step(enable_cache=False)
def gate(way: str) -> Annotated[int, ArtifactConfig("passed")]:
    get_step_context().model.set_stage(PRODUCTION, **GATES[way])
    save_artifact(1, f"{way}-has-set")
    wait_for("gates-open")
    return 1


@pipeline
def gating():
    """Promotions that others come before."""
    for way in GATES:
        gate.with_options(name=way, model=Model(f"gate-{way}", version="latest"))(way)


@step(enable_cache=False)
def release(value: int) -> Annotated[int, ArtifactConfig("released", version="raw_2023")]:
    return value


@pipeline
def releasing(value: int):
    release(value)
