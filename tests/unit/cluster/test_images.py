"""Each step has an image: its own, the pipeline's, or the default for Python steps."""

from __future__ import annotations

import pytest

from lateen.cluster.images import with_images
from lateen.domain.errors import SetupError
from lateen.domain.spec import PipelineSpec, StepSpec

PYTHON = StepSpec("load", "load_data", entrypoint="flow:load")
PLAIN = StepSpec("count", "count", command=("wc",), image="busybox")


def test_the_default_is_for_python_steps_without_one() -> None:
    spec = PipelineSpec("p", steps=(PYTHON, PLAIN))
    assert [step.image for step in with_images(spec, "mine:1").steps] == ["mine:1", "busybox"]


def test_the_pipeline_s_image_is_for_all() -> None:
    spec = PipelineSpec("p", steps=(PYTHON,), image="own:1")
    assert with_images(spec, "mine:1") == spec


def test_a_step_without_an_image_is_named() -> None:
    with pytest.raises(SetupError, match="no image is named for load_data: write"):
        with_images(PipelineSpec("p", steps=(PYTHON, PLAIN)), None)
    plain = StepSpec("count", "count", command=("wc",))
    with pytest.raises(SetupError, match="no image is named for count: write"):
        with_images(PipelineSpec("p", steps=(PYTHON, plain)), "mine:1")
