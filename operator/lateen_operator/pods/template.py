"""A step's podTemplate: checked against what is allowed, and taken apart for the Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lateen.domain.errors import UserError
from lateen_operator.pods.allowed import pod
from lateen_operator.pods.names import STORE_SECRET
from lateen_operator.pods.rules import refusal

ROOT = "podTemplate"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of a template that was checked."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod: Mapping[str, Any]
    """Fields of the Pod's spec."""
    volumes: tuple[Json, ...]
    container: Mapping[str, Any]
    """Fields of the step's container."""

    @staticmethod
    def of(template: Mapping[str, Any], allowed_labels: tuple[str, ...]) -> Template:
        """The parts of a template; UserError, with the field's path, for one that is refused."""
        check_template(template, allowed_labels)
        metadata, spec = template.get("metadata", {}), dict(template.get("spec", {}))
        containers: Sequence[Json] = spec.pop("containers", ()) or ({},)
        spec.pop("automountServiceAccountToken", None)
        return Template(
            dict(metadata.get("labels", {})),
            dict(metadata.get("annotations", {})),
            pod=spec,
            volumes=tuple(spec.pop("volumes", ())),
            container=dict(containers[0]),
        )


def check_template(template: Any, allowed_labels: tuple[str, ...] = ()) -> None:
    """UserError, with the field's path, for a template that holds what is not allowed.

    ``allowed_labels`` are patterns of keys beside those that are allowed always.
    """
    if _depth(template) > _DEEPEST:
        raise UserError(f"{ROOT}: it is nested more than {_DEEPEST} levels deep")
    pod.template(allowed_labels)(template, ROOT)
    _check_volumes(template.get("spec", {}))
    for path, words in _texts(template, ROOT):
        if STORE_SECRET in words:
            raise refusal(path, f"not allowed: it names {STORE_SECRET!r}, the store's credentials")


_DEEPEST = 32


def _depth(value: Any) -> int:
    """How deep a value is nested, without a recursion that a value could make too deep."""
    depth, level = 0, [value]
    while level and depth <= _DEEPEST:
        depth += 1
        level = [inner for item in level for inner in _children(item)]
    return depth


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _check_volumes(spec: Mapping[str, Any]) -> None:
    names = [volume["name"] for volume in spec.get("volumes", ())]
    if len(set(names)) < len(names):
        raise refusal(f"{ROOT}.spec.volumes", "each volume needs a name of its own")
    for container in spec.get("containers", ()):
        mounts = container.get("volumeMounts", ())
        for position, mount in enumerate(mounts):
            path = f"{ROOT}.spec.containers[0].volumeMounts[{position}]"
            if mount["name"] not in names:
                raise refusal(path, f"there is no volume {mount['name']!r} in {ROOT}.spec.volumes")
        if len({mount["mountPath"] for mount in mounts}) < len(mounts):
            raise refusal(f"{ROOT}.spec.containers[0].volumeMounts", "a path is mounted twice")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """All texts inside a value, keys among them, with their paths."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield f"{path}.{key}", key
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _texts(item, f"{path}[{position}]")
