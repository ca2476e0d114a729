"""What the examples compile to, as `lateen compile` prints it."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from lateen.cli.loading import load_pipeline
from lateen.cli.main import cli
from lateen.domain.references import ArtifactReference
from lateen.domain.spec import PipelineSpec
from lateen.resources.convert import pipeline_resource
from lateen.resources.text import yaml_text
from tests.golden.golden import check_golden
from tests.requirements import require

GOLDENS = Path(__file__).parent / "examples"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["training", "inference"])
def test_the_iris_example_compiles_to_its_golden(name: str) -> None:
    require(find_spec("sklearn"), "pip install 'lateen[examples]'")
    done = CliRunner().invoke(cli, ["compile", str(EXAMPLES / "iris" / f"{name}.py")])
    assert done.exit_code == 0, done.output
    check_golden(GOLDENS / f"{name}.yaml", without_digests(done.stdout))


def test_the_words_example_compiles_to_its_golden() -> None:
    compiled = load_pipeline(str(EXAMPLES / "words" / "words.py")).compile()
    text = yaml_text(pipeline_resource(with_digests(compiled.spec)).to_json())
    check_golden(GOLDENS / "words.yaml", without_digests(text))


def with_digests(spec: PipelineSpec) -> PipelineSpec:
    """The pipeline as if the values that its caller brings had been uploaded."""
    steps = []
    for step in spec.steps:
        inputs = {
            name: replace(source, digest="sha256:" + "0" * 64)
            if isinstance(source, ArtifactReference) and source.digest
            else source
            for name, source in step.inputs.items()
        }
        steps.append(replace(step, inputs=inputs))
    return replace(spec, steps=tuple(steps))


def without_digests(text: str) -> str:
    """Digests of code cover names in the libraries as they are installed."""
    return re.sub(r"codeDigest: sha256:[0-9a-f]{64}", "codeDigest: sha256:" + "0" * 64, text)
