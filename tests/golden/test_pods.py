"""The Pods of hand-made pipelines stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen.resources.text import yaml_text
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.settings import PodSettings, RunIdentity
from tests.golden.golden import check_golden
from tests.golden.specs import inference, options

FOLDER = Path(__file__).parent / "pods"
RUN = RunIdentity("inference-x7k2p", "0b9c3a52-6f3e-4a36-9d59-b4f1f7b1b2aa", "team-a")
SETTINGS = PodSettings("registry.example.com/lateen:1", server_minor=(1, 35))


@pytest.mark.parametrize(
    ("spec", "step"), [(inference, "predict"), (inference, "report"), (options, "train")]
)
def test_the_pod_of_a_step_is_the_golden_one(spec, step):
    pod = build_pod(RUN, spec, spec.step(step), 1, SETTINGS)
    check_golden(FOLDER / f"{spec.name}-{step}.yaml", yaml_text(pod))
