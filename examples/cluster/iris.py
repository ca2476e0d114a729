"""The two pipelines of `examples/iris`, as they are, in containers of one image."""

from __future__ import annotations

import os

from examples.iris.inference import inference as iris_inference
from examples.iris.training import training as iris_training

IMAGE = os.environ.get("IRIS_IMAGE", "registry.example.com/iris:1")

training = iris_training.with_options(image=IMAGE)
inference = iris_inference.with_options(image=IMAGE)
