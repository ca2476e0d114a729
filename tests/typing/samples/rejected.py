"""Mistakes that type checkers find, each in its own line."""

from __future__ import annotations

from typing import Annotated

from lateen import Client, Model, Resources, Retry, pipeline, step


class Frame:
    """Stands for a data frame."""


class Labels:
    """Stands for a series."""


@step
def load() -> Annotated[Frame, "iris"]:
    return Frame()


@step
def split(data: Frame) -> tuple[Annotated[Frame, "data"], Annotated[Labels, "labels"]]:
    return data, Labels()


@step
def train(data: Frame, labels: Labels, depth: int = 3) -> Annotated[float, "accuracy"]:
    return 0.5


@pipeline
def training(depth: int = 3) -> None:
    data, labels = split(load())
    train(data, labels, depth)
    train(data, labels, "three")  # expect: error
    train(labels, data)  # expect: error
    train(data, labels, dept=3)  # expect: error
    train(data)  # expect: error
    train(data, labels, 3, 4)  # expect: error
    train(load(), load())  # expect: error
    train.with_options(enable_cache=True)(labels, data)  # expect: error
    train.with_options(cache=True)(data, labels)  # expect: error
    train.with_options(enable_cache="no")  # expect: error
    train.with_options(retry=3)  # expect: error
    train(data, labels, after="load")  # expect: error
    _, _, _ = split(load())  # expect: error
    Client().get_artifact_version("iris", defualt=1)  # expect: error
    Client().get_artifact_version("iris", on_moved="warn")  # expect: error
    Client().get_model_version("iris", default=1)  # expect: error
    Client().get_model_version("iris").get_artifact("x", wait=[1])  # expect: error


@step(nam="loading")  # expect: error
def misspelt() -> None: ...


@step(model="iris")  # expect: error
def with_model() -> None: ...


@pipeline(fresh="run")  # expect: error
def stale() -> None: ...


training("three")  # expect: error
training(dept=3)  # expect: error
training.submit(3, 4)  # expect: error
training.with_options(failure_policy=None)  # expect: error
training.with_options(model=Model)  # expect: error
Retry(limits=2)  # expect: error
Resources(gpu="1")  # expect: error
