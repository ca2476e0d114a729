"""The names that both sides use, from the package that `BENCHMARKED` names.

Type checkers see Lateen's.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING or os.environ.get("BENCHMARKED", "lateen") == "lateen":
    from lateen import Client, Model, ModelStages, get_pipeline_context, pipeline, step
else:
    from zenml import Model, get_pipeline_context, pipeline, step
    from zenml.client import Client
    from zenml.enums import ModelStages

__all__ = ["Client", "Model", "ModelStages", "get_pipeline_context", "pipeline", "step"]
