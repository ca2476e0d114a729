"""A transport that answers operations from dictionaries, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class MemoryTransport:
    """Answers each operation with what was put in for it: a value, an error, or a function."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, /, **arguments: Any) -> Any:
        self.calls.append((operation, arguments))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if isinstance(answer, Callable) else answer

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The arguments of every call of the operation."""
        return [arguments for name, arguments in self.calls if name == operation]


def artifact_version(**fields: Any) -> dict[str, Any]:
    """An ARTIFACT VERSION of the wire protocol."""
    return {
        "id": "4f0c2a9e-0000-4000-8000-000000000001",
        "name": "scores",
        "number": 3,
        "version_name": None,
        "version": "3",
        "digest": "sha256:ab12",
        "kind": "data",
        "type": "builtins.list",
        "format": "json",
        "materializer": "lateen.materializers.json_values.JsonMaterializer",
        "pickled": False,
        "uri": "file:///store/scores/3",
        "size": 17,
        "bytes_deleted": None,
        "created_at": "2026-03-01T12:30:00.250000+00:00",
        "metadata": {"rows": 3},
        "tags": ["small"],
        "run": {"id": "run-1", "name": "training-1"},
        "step": "score",
        **fields,
    }


def model_version(**fields: Any) -> dict[str, Any]:
    """A MODEL VERSION of the wire protocol."""
    return {
        "id": "7d0c2a9e-0000-4000-8000-000000000002",
        "name": "iris",
        "number": 6,
        "version_name": None,
        "version": "6",
        "stage": "none",
        "status": "ready",
        "created_at": "2026-03-01T12:30:00+00:00",
        "metadata": {"accuracy": 0.97},
        "tags": [],
        "description": None,
        "run": {"id": "run-1", "name": "training-1"},
        **fields,
    }


def stage_event(**fields: Any) -> dict[str, Any]:
    """A STAGE EVENT of the wire protocol."""
    return {
        "id": 4,
        "model": "iris",
        "model_version": "7d0c2a9e-0000-4000-8000-000000000002",
        "number": 6,
        "version": "6",
        "from": "none",
        "to": "production",
        "at": "2026-03-01T12:30:00+00:00",
        "by": "ada",
        "run": {"id": "run-1", "name": "training-1"},
        "step": "gate",
        "attempt": 1,
        **fields,
    }


def attempt(**fields: Any) -> dict[str, Any]:
    """One attempt of a STEP of the wire protocol."""
    return {
        "n": 1,
        "state": "committed",
        "cause": None,
        "error": None,
        "opened_at": "2026-03-01T12:30:00+00:00",
        "began_at": "2026-03-01T12:30:01+00:00",
        "ended_at": "2026-03-01T12:30:02+00:00",
        "cached_from": None,
        "cache_key": "sha256:cd34",
        **fields,
    }


def step(name: str, **fields: Any) -> dict[str, Any]:
    """A STEP of the wire protocol."""
    return {
        "name": name.replace("_", "-"),
        "history_name": name,
        "status": "Succeeded",
        "reason": None,
        "message": None,
        "cached": False,
        "attempts": [attempt()],
        **fields,
    }


def run(number: int, **fields: Any) -> dict[str, Any]:
    """A RUN of the wire protocol, as it stands in lists."""
    return {
        "id": f"run-{number}",
        "name": f"training-{number}",
        "pipeline": "training",
        "status": "Succeeded",
        "reason": None,
        "message": None,
        "parameters": {"threshold": 0.9},
        "created_at": "2026-03-01T12:29:59+00:00",
        "started_at": "2026-03-01T12:30:00+00:00",
        "finished_at": None,
        "error": None,
        "target": "local",
        "spec_digest": "sha256:ef56",
        "desired": "Running",
        **fields,
    }


def full_run(number: int, **fields: Any) -> dict[str, Any]:
    """A RUN of the wire protocol with its steps and outputs."""
    steps = [step("load_data"), step("split_data"), step("score")]
    return {**run(number), "steps": steps, "outputs": {"result": artifact_version()}, **fields}


def receipt(**fields: Any) -> dict[str, Any]:
    """A RECEIPT of the wire protocol."""
    return {
        "kind": "input",
        "input": "classifier",
        "path": "",
        "reference": {"model": {"name": "iris", "version": "production", "artifact": "t"}},
        "words": "'t' of the model 'iris' in production",
        "became": "7",
        "artifact": {
            "id": "4f0c",
            "name": "trained_model",
            "version": "7",
            "number": 7,
            "digest": "sha256:0123456789abcdef",
            "kind": "model",
        },
        "model": {"id": "7d0c", "name": "iris", "version": "6", "number": 6, "stage": "production"},
        "stage_event": None,
        "commit": None,
        "has_value": False,
        "value": None,
        "resolved_at": "2026-03-01T12:00:01+00:00",
        "snapshot": "1:1:",
        "moved": False,
        **fields,
    }
