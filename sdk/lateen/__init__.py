"""Machine learning pipelines whose inputs are bound when a step starts."""

import sys
from types import ModuleType

# This file stays readable to Pythons that nothing else of Lateen is for: an image may have one.
if sys.version_info < (3, 11):  # noqa: UP036
    raise ImportError(
        "Lateen needs Python 3.11 or newer, and {} is Python {}.{}; in a step's image, install a"
        " newer one, or name one that is there with python.interpreter".format(
            sys.executable, *sys.version_info[:2]
        )
    )

from lateen.authoring import savable as _savable
from lateen.authoring import target as _target
from lateen.client import transport as _transport

__version__ = "0.1.0"

__all__ = [
    "ArtifactConfig",
    "ArtifactType",
    "Client",
    "ExternalArtifact",
    "LateenError",
    "Model",
    "ModelStages",
    "NotFoundError",
    "Resources",
    "Retry",
    "RunFailed",
    "StageTakenError",
    "WorkDir",
    "container_step",
    "get_pipeline_context",
    "get_step_context",
    "load_artifact",
    "log_artifact_metadata",
    "log_metadata",
    "log_model_metadata",
    "log_step_metadata",
    "pipeline",
    "register_artifact",
    "save_artifact",
    "step",
]

# As a plain name, so that the typing module need not load: type checkers know it all the same.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lateen.authoring.annotations import ArtifactConfig
    from lateen.authoring.container import container_step
    from lateen.authoring.context import get_pipeline_context
    from lateen.authoring.external import ExternalArtifact
    from lateen.authoring.pipeline import pipeline
    from lateen.authoring.quantities import Resources, Retry, WorkDir
    from lateen.authoring.step import step
    from lateen.authoring.target import Target
    from lateen.client.artifacts import load_artifact, register_artifact, save_artifact
    from lateen.client.client import Client
    from lateen.client.context import get_step_context
    from lateen.client.log import (
        log_artifact_metadata,
        log_metadata,
        log_model_metadata,
        log_step_metadata,
    )
    from lateen.client.model import Model
    from lateen.client.transport import Transport
    from lateen.domain.errors import LateenError, NotFoundError, RunFailed, StageTakenError
    from lateen.domain.kinds import ArtifactType
    from lateen.domain.states import ModelStages

# Loaded with their first use: `import lateen` itself stays quick.
_HOMES = {
    "ArtifactConfig": "authoring.annotations",
    "ArtifactType": "domain.kinds",
    "Client": "client.client",
    "ExternalArtifact": "authoring.external",
    "LateenError": "domain.errors",
    "Model": "client.model",
    "ModelStages": "domain.states",
    "NotFoundError": "domain.errors",
    "Resources": "authoring.quantities",
    "Retry": "authoring.quantities",
    "RunFailed": "domain.errors",
    "StageTakenError": "domain.errors",
    "WorkDir": "authoring.quantities",
    "container_step": "authoring.container",
    "get_pipeline_context": "authoring.context",
    "get_step_context": "client.context",
    "load_artifact": "client.artifacts",
    "log_artifact_metadata": "client.log",
    "log_metadata": "client.log",
    "log_model_metadata": "client.log",
    "log_step_metadata": "client.log",
    "pipeline": "authoring.pipeline",
    "register_artifact": "client.artifacts",
    "save_artifact": "client.artifacts",
    "step": "authoring.step",
}


def __getattr__(name: str) -> "Any":
    """A public name, from the module that it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, in which ``step`` is the decorator and never the subpackage of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        # An import of `lateen.step.…` would put the subpackage in the decorator's place.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def _current_target() -> "Target":
    from lateen import targets

    return targets.target()


def _current_transport() -> "Transport":
    from lateen import targets

    return targets.transport()


def _savers(annotation: "Any") -> "Sequence[type]":
    from lateen.materializers.savers import savers

    return savers(annotation)


sys.modules[__name__].__class__ = _Package
_savable.set_savers(_savers)
_target.set_target(_current_target)
_transport.set_transport(_current_transport)
