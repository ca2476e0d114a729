"""What user code does with the catalog: look-ups, views, the step context, saving, logging."""

from __future__ import annotations

# Loaded by name: `import lateen` passes here, and stays quick.
_HOMES = {
    "ArtifactVersionView": "views.artifact_version",
    "ArtifactView": "views.artifact",
    "AttemptView": "views.attempt",
    "Client": "client",
    "Failure": "views.failure",
    "Model": "model",
    "ModelVersionView": "views.model_version",
    "ModelView": "views.model",
    "PipelineView": "views.pipeline",
    "ReceiptView": "views.receipt",
    "RunView": "views.run",
    "Runs": "views.runs",
    "SocketTransport": "socket_transport",
    "StageEventView": "views.stage_event",
    "StepContext": "context",
    "StepView": "views.step",
    "Transport": "transport",
    "get_step_context": "context",
    "load_artifact": "artifacts",
    "log_artifact_metadata": "log",
    "log_metadata": "log",
    "log_model_metadata": "log",
    "log_step_metadata": "log",
    "register_artifact": "artifacts",
    "save_artifact": "artifacts",
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lateen.client.artifacts import load_artifact, register_artifact, save_artifact
    from lateen.client.client import Client
    from lateen.client.context import StepContext, get_step_context
    from lateen.client.log import (
        log_artifact_metadata,
        log_metadata,
        log_model_metadata,
        log_step_metadata,
    )
    from lateen.client.model import Model
    from lateen.client.socket_transport import SocketTransport
    from lateen.client.transport import Transport
    from lateen.client.views.artifact import ArtifactView
    from lateen.client.views.artifact_version import ArtifactVersionView
    from lateen.client.views.attempt import AttemptView
    from lateen.client.views.failure import Failure
    from lateen.client.views.model import ModelView
    from lateen.client.views.model_version import ModelVersionView
    from lateen.client.views.pipeline import PipelineView
    from lateen.client.views.receipt import ReceiptView
    from lateen.client.views.run import RunView
    from lateen.client.views.runs import Runs
    from lateen.client.views.stage_event import StageEventView
    from lateen.client.views.step import StepView

__all__ = [
    "ArtifactVersionView",
    "ArtifactView",
    "AttemptView",
    "Client",
    "Failure",
    "Model",
    "ModelVersionView",
    "ModelView",
    "PipelineView",
    "ReceiptView",
    "RunView",
    "Runs",
    "SocketTransport",
    "StageEventView",
    "StepContext",
    "StepView",
    "Transport",
    "get_step_context",
    "load_artifact",
    "log_artifact_metadata",
    "log_metadata",
    "log_model_metadata",
    "log_step_metadata",
    "register_artifact",
    "save_artifact",
]


def __getattr__(name: str) -> Any:
    """A public name, from the module that it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
