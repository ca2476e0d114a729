"""The examples for a cluster, by the command line and by kubectl, as their README has them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from lateen import Client
from lateen.domain.states import RunPhase
from tests.cluster import places
from tests.cluster.cluster import Cluster
from tests.cluster.person import Person, at_a_computer
from tests.cluster.stores import Stores
from tests.requirements import require

EXAMPLES = places.PROJECT / "examples"
SECONDS = 240


@pytest.fixture(scope="module")
def person(
    alone: None,
    cluster: Cluster,
    stores: Stores,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Person]:
    """Somebody whose project is a copy of the examples, at the path that their modules have."""
    for module in ("pandas", "pyarrow", "sklearn", "skops"):
        require(find_spec(module), "pip install 'lateen[examples]'")
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES, folder / "original" / "examples")
    with (
        at_a_computer(cluster, stores, folder, folder / "original") as person,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("IRIS_IMAGE", cluster.load("examples"))
        yield person


def lateen(person: Person, *words: str) -> str:
    """What a command prints, of a process that finds the copy of the examples alone."""
    done = subprocess.run(
        [sys.executable, "-m", "lateen.cli", *words],
        cwd=person.project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(person: Person) -> Any:
    """A run of the training, by the command that the README has."""
    lateen(person, "run", "examples/cluster/iris.py:training", "--param", "C=0.5")
    return Client().get_pipeline("training").runs[-1]


@pytest.fixture(scope="module")
def created(person: Person, trained: Any) -> None:
    """The Pipelines and the Runs of the YAML, all at once, but for the names of the images."""
    images = {"registry.example.com/iris:1": "examples", "docker.io/library/busybox:1.37": "base"}
    for name in ("training", "inference", "counting"):
        text = (EXAMPLES / "cluster" / f"{name}.yaml").read_text()
        for written, image in images.items():
            text = text.replace(written, person.workspace.cluster.load(image))
        person.workspace.kubectl("apply", "-f", "-", given=text)
    person.workspace.kubectl("create", "-f", str(EXAMPLES / "cluster" / "runs.yaml"))


def test_the_command_line_trains_and_promotes(trained: Any) -> None:
    assert trained.status is RunPhase.SUCCEEDED
    assert trained.parameters["C"] == 0.5
    assert trained.outputs["promoted"].data is True
    assert Client().get_model_version("iris_classifier", "production").run.id == trained.id


def test_the_command_line_predicts_by_what_is_in_production(person: Person, trained: Any) -> None:
    lateen(person, "run", "examples/cluster/iris.py:inference")
    (run, *_) = Client().get_pipeline("inference").runs
    assert run.outputs["predictions"].number >= 1
    assert trained.name in person.lateen("why", run.name, "predict")


def test_kubectl_runs_them_all_by_the_code_in_their_image(person: Person, created: None) -> None:
    words = ("wait", "lr", "--all", "--for=condition=Finished", f"--timeout={SECONDS}s")
    person.workspace.kubectl(*words)
    ended = person.workspace.kubectl("get", "lr", "--no-headers")
    assert all("Succeeded" in line for line in ended.splitlines()), ended
    counted = Client().get_pipeline("counting").runs[-1]
    assert counted.steps["most_common"].output.data == "early"
    assert counted.steps["count-words"].attempts
