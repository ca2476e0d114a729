"""What steps are given, look up and put out, of many kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

from lateen import (
    ArtifactConfig,
    ArtifactType,
    Client,
    ExternalArtifact,
    Model,
    Retry,
    get_step_context,
    load_artifact,
    log_metadata,
    log_step_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.domain.errors import KindMismatchError, TypeMismatchError, VersionConflictError
from lateen.materializers import BaseMaterializer

VIEWED = "viewed"


class Doubling:
    """What is trained."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def predict(self, values: list[int]) -> list[int]:
        return [self.factor * value for value in values]


class DoublingMaterializer(BaseMaterializer):
    """Notes how often it loads."""

    ASSOCIATED_TYPES = (Doubling,)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL
    loaded: ClassVar[int] = 0

    def save(self, data: Doubling) -> None:
        Path(self.uri, "factor").write_text(str(data.factor))

    def load(self, data_type: type) -> Doubling:
        DoublingMaterializer.loaded += 1
        return Doubling(int(Path(self.uri, "factor").read_text()))


class Plain:
    """A class that no materializer knows."""

    n = 7


# The client in a body


@step(enable_cache=False)
def fit() -> Annotated[Doubling, "doubling"]:
    log_metadata({"score": 3}, infer_artifact=True)
    return Doubling(2)


@pipeline(model=Model(VIEWED))
def fitting():
    fit()


@step(enable_cache=False)
def add() -> None:
    save_artifact(1, "extra")


@pipeline(model=Model(VIEWED, version=1))
def adding():
    add()


@step(enable_cache=False)
def look(number: int) -> Annotated[dict, "look"]:
    return {
        "latest": after_a_new_version(number),
        "links": after_a_new_link(),
        "forwarded": forwarded(),
        "refused": [*of_another_kind(), *named_again(), *not_json()],
        "logged": logged(),
    }


@pipeline(model=Model(VIEWED, version=1))
def looking():
    look(Client().get_artifact_version("number"))


def after_a_new_version(number: int) -> list[int]:
    save_artifact(2, "number")
    found = [number, load_artifact("number"), load_artifact("number", 2)]
    found.append(Client().get_artifact_version("number", fresh=True).number)
    return found


def after_a_new_link() -> list[int]:
    model = Client().get_model_version(VIEWED, 1)
    found = [model.get_artifact("extra").number]
    save_artifact(2, "extra")
    found.append(model.get_artifact("extra").number)
    found.append(Client().get_model_version(VIEWED, 1, fresh=True).get_artifact("extra").number)
    return found


def forwarded() -> list[Any]:
    found = get_step_context().model.get_model_artifact("doubling")
    score = found.run_metadata["score"]
    return [found.predict([1, 2]), found.factor, score + 1, DoublingMaterializer.loaded]


def of_another_kind() -> list[str]:
    try:
        get_step_context().model.get_model_artifact("extra")
    except KindMismatchError as error:
        return [str(error)]
    return []


def named_again() -> list[str]:
    first, again = (save_artifact(10, "named", "1.0") for _ in range(2))
    assert first.id == again.id
    try:
        save_artifact(11, "named", "1.0")
    except VersionConflictError as error:
        return [str(error)]
    return []


def not_json() -> list[str]:
    told = []
    for value in (object(), float("nan"), {1: 2}, {1, 2}):
        try:
            log_metadata({"key": value})
        except TypeMismatchError as error:
            told.append(str(error))
    return told


def logged() -> None:
    log_metadata({"a": 1, "b": {"c": [1.5, None]}})
    log_metadata({"a": 2})
    log_step_metadata({"d": True})
    for value in (5, 6):
        get_step_context().model.log_metadata({"value": value})


# Inputs and outputs


@step(enable_cache=False)
def attributes(
    doomed: str, late: list[str], f1: float, counts: list[int], first: int
) -> Annotated[list, "attributes"]:
    return [len(doomed), *late, f1, counts, first]


@pipeline
def describing():
    """Late values of other kinds than artifacts, beside one that is."""
    doomed = Client().get_artifact_version("doomed")
    scored = Client().get_artifact_version("scored")
    counts = scored.run_metadata["counts"]["train"]
    score = scored.run_metadata["f1"].value
    late = [scored.version, scored.digest, scored.id]
    attributes(doomed, late, score, counts, counts[0])


@step(enable_cache=False)
def half(value: float) -> Annotated[float, "halved"]:
    return value


@step(enable_cache=False)
def put_object() -> Annotated[object, "anything"]:
    return {"a": (1, 2.5)}


@step(enable_cache=False)
def put_plain() -> Annotated[Plain, ArtifactConfig("plain", allow_pickle=True)]:
    return Plain()


@step(enable_cache=False)
def take_plain(plain: Plain) -> Annotated[int, "n"]:
    return plain.n


@pipeline
def typing():
    """Whole numbers as fractions, a class that the value decides, and a pickle."""
    half(Client().get_artifact_version("whole"))
    put_object()
    take_plain(put_plain())


@step(enable_cache=False)
def take_text(value: str) -> None:
    print("this ran")


@step(enable_cache=False)
def take_number(value: float) -> None:
    print("this ran")


@step(enable_cache=False)
def put_two() -> tuple[Annotated[int, "good"], Annotated[int, "bad"]]:
    print("this ran")
    return 1, "text"  # type: ignore[return-value]


@pipeline
def mistyping():
    """Steps that fail by the types of what they are given or put out."""
    scored = Client().get_artifact_version("scored")
    take_text(Client().get_artifact_version("whole"))
    take_number(scored.run_metadata["name"])
    put_two()


@step(enable_cache=False, retry=Retry(limit=3, backoff=0))
def take(value: Any) -> Annotated[Any, "taken"]:
    return value


@pipeline
def missing():
    """References that match nothing, though the step may be tried again."""
    take(Client().get_artifact_version("scroed"))
    take.with_options(name="key")(Client().get_artifact_version("scored").run_metadata["f2"])


@pipeline
def bringing(value: Any):
    take(ExternalArtifact(value=value))


@step(enable_cache=False)
def keep(n: int) -> Annotated[int, "kept"]:
    assert n > 0
    return n


@pipeline
def keeping(n: int):
    keep(n)


@pipeline
def remembering():
    """What the last run of another pipeline that succeeded had put out."""
    take(Client().get_pipeline("keeping").last_successful_run.steps["keep"].outputs["kept"])


@step(enable_cache=False, retry=Retry(limit=1, backoff=0))
def stamp() -> Annotated[int, ArtifactConfig("stamped-{date}-{time}")]:
    if get_step_context().attempt == 1:
        raise ValueError("again")
    return 1


@step(enable_cache=False)
def stamp_too() -> Annotated[int, ArtifactConfig("stamped-{date}-{time}")]:
    return 2


@pipeline
def stamping():
    """Three Pods at different times."""
    stamp_too(after=stamp())
