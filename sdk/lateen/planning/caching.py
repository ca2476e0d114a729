"""The key under which a step's outputs are found again (semantics 26)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.domain.canonical import canonical_json, digest_of
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    ResolvedInput,
)
from lateen.domain.spec import PipelineSpec, StepSpec

_OF_CONTAINERS = ("env", "envFrom", "volumeMounts")
"""What a podTemplate says of a container that its code can tell from inside."""


def cacheable(step: StepSpec, environment: str) -> bool:
    """Whether a step may be served from, and may serve, the cache at all.

    ``environment`` as of ``key_parts``: an image pinned by its digest says what code it has.
    """
    return step.cache is not False and (step.code_digest is not None or "@sha256:" in environment)


def key_parts(
    spec: PipelineSpec,
    step: StepSpec,
    inputs: Mapping[str, ResolvedInput],
    environment: str,
) -> dict[str, Any]:
    """What the key is taken over; kept, so that `why` can say which part moved.

    ``environment`` is the image in a Pod, Python's minor version on a laptop.
    """
    return {
        "code": step.code_digest,
        "command": list(step.command),
        "environment": environment,
        "inputs": {name: _identity(value) for name, value in inputs.items()},
        "outputs": [
            {
                "name": output.name,
                "artifact": spec.artifact_of(step, output),
                "version": output.version,
                "materializer": output.materializer,
                "kind": output.kind,
                "pickle": output.pickle,
            }
            for output in step.outputs
        ],
        "env": dict(step.env),
        **_environment_from(step),
    }


def _environment_from(step: StepSpec) -> dict[str, Any]:
    """Where a step's interpreter, its variables and its mounted files come from, where any do.

    What stands in the Secrets is not for the key: it would tell of it. Nor is what lies in the
    volumes: nothing tells when that changes.
    """
    spec = _mapping(step.pod_template.get("spec"))
    template = [
        {name: container[name] for name in _OF_CONTAINERS if name in container}
        for container in _mappings(spec.get("containers"))
    ]
    found = {
        "interpreter": step.interpreter,
        "envFrom": list(step.env_from),
        "podTemplate": template if any(template) else None,
        "volumes": spec.get("volumes"),
    }
    return {name: part for name, part in found.items() if part}


def _mapping(value: Any) -> Mapping[str, Any]:
    """A part of a podTemplate, of which nothing was checked yet."""
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list | tuple) else ()
    return [item for item in found if isinstance(item, Mapping)]


def cache_key(parts: Mapping[str, Any]) -> str:
    """The key itself."""
    return digest_of(parts)


def _identity(value: ResolvedInput) -> Any:
    match value:
        case PlainInput(plain):
            return {"value": plain}
        case ArtifactInput(artifact):
            return {"digest": artifact.digest}
        case ItemsInput(items, container):
            return {container: [_identity(item) for item in items]}
        case EntriesInput(entries):
            return {"map": {key: _identity(item) for key, item in entries.items()}}


def changed_parts(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The parts of two keys that differ, such as ``code`` or ``inputs.data``."""
    changed = []
    for name in sorted({*one, *other}):
        left, right = one.get(name), other.get(name)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            keys = sorted({*left, *right})
            changed += [f"{name}.{key}" for key in keys if _differ(left.get(key), right.get(key))]
        elif _differ(left, right):
            changed.append(name)
    return changed


def _differ(left: Any, right: Any) -> bool:
    # As in the key: 3 and 3.0 are equal in Python and two values in JSON.
    return canonical_json(left) != canonical_json(right)
