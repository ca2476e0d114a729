"""The examples for a cluster: their YAML is what compiles, and its parts fit together."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from lateen.cli.main import cli
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.resources import PipelineResource, RunResource, load_resources, pipeline_spec
from lateen.step.entrypoints import definition

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "cluster"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def pipeline(name: str) -> PipelineSpec:
    (resource,) = load_resources(FOLDER / f"{name}.yaml")
    assert isinstance(resource, PipelineResource)
    return pipeline_spec(resource)


@pytest.mark.usefixtures("iris")
@pytest.mark.parametrize("name", ["training", "inference"])
def test_the_yaml_is_what_the_python_compiles_to(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IRIS_IMAGE", raising=False)
    done = CliRunner().invoke(cli, ["compile", f"{FOLDER / 'iris.py'}:{name}"])
    assert done.exit_code == 0, done.output
    compiled = re.sub(r"^ *codeDigest: .*\n", "", done.stdout, flags=re.MULTILINE)
    assert (FOLDER / f"{name}.yaml").read_text() == compiled, (
        f"lateen compile examples/cluster/iris.py:{name} | grep -v codeDigest"
        f" > examples/cluster/{name}.yaml"
    )


def test_the_runs_name_pipelines_and_parameters_that_there_are() -> None:
    for run in load_resources(FOLDER / "runs.yaml"):
        assert isinstance(run, RunResource)
        assert run.spec.pipeline is not None
        spec = pipeline(run.spec.pipeline.name)
        assert set(run.spec.parameters or {}) <= {each.name for each in spec.parameters}


@pytest.mark.usefixtures("iris")
@pytest.mark.parametrize("name", ["training", "inference", "counting"])
def test_every_python_step_takes_its_inputs_and_gives_its_outputs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    for step in pipeline(name).steps:
        if step.entrypoint is not None:
            found = definition(step.entrypoint, None)
            taken = found.function.__code__.co_varnames[: found.function.__code__.co_argcount]
            assert set(step.inputs) == set(taken)
            assert [out.name for out in step.outputs] == [out.key for out in found.outputs]


def test_the_container_counts_what_the_first_step_writes(tmp_path: Path) -> None:
    from examples.cluster.counting import most_common, write_text

    spec = pipeline("counting")
    text = write_text(str(spec.parameters[0].default))
    counts = ran(spec.step("count-words"), {"text": text.parent}, tmp_path)["counts"]
    assert (counts / "counts.txt").read_text().split()[:4] == ["2", "early", "2", "is"]
    assert most_common(counts) == "early"


def ran(step: StepSpec, inputs: Mapping[str, Path], tmp_path: Path) -> dict[str, Path]:
    """The folders of the outputs, after a plain command has run on folders of inputs."""
    for name, folder in inputs.items():
        (tmp_path / "inputs").mkdir(exist_ok=True)
        (tmp_path / "inputs" / name).symlink_to(folder)
    outputs = {output.name: tmp_path / "outputs" / output.name for output in step.outputs}
    for folder in outputs.values():
        folder.mkdir(parents=True)
    places = {f"LATEEN_{kind.upper()}": str(tmp_path / kind) for kind in ("inputs", "outputs")}
    subprocess.run(step.command, env={**os.environ, "LC_ALL": "C", **places}, check=True)
    return outputs


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README))))
def test_the_links_of_its_readme_lead_somewhere(link: str) -> None:
    assert (FOLDER / link).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"examples/cluster/[\w.]+\w", README))))
def test_the_files_that_its_readme_names_are_there(path: str) -> None:
    assert (ROOT / path).exists()
