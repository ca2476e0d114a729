"""Metadata that can be logged: JSON values under string keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from pathlib import PurePath
from typing import Any

from lateen.client.views.forwarding import standing_for
from lateen.domain.canonical import is_storable
from lateen.domain.errors import TypeMismatchError
from lateen.domain.names import shown

_REMEDIES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((date, time), "log its .isoformat()"),
    (PurePath, "log its text, str(...)"),
    ((set, frozenset), "log it sorted, as a list"),
)


def checked_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as JSON; TypeMismatchError, naming the key, for what JSON cannot hold."""
    if not isinstance(metadata, Mapping):
        raise TypeMismatchError(
            f"metadata is a dict of names and values, not a {type(metadata).__name__}"
        )
    return {_key(key, "metadata"): _json(value, str(key)) for key, value in metadata.items()}


def _json(value: Any, where: str) -> Any:
    value = _scalar(standing_for(value))
    match value:
        case float() if not math.isfinite(value):
            raise TypeMismatchError(
                f"metadata {where!r} is {value}, which JSON cannot hold; log None, or leave it out"
            )
        case str() if not is_storable(value):
            raise TypeMismatchError(
                f"metadata {where!r} is {shown(value)}, and holds a NUL or half a character, which"
                " a catalog cannot store; log its repr()"
            )
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_json(item, f"{where}[{n}]") for n, item in enumerate(value)]
        case Mapping():
            return {
                _key(key, where): _json(item, f"{where}[{key!r}]") for key, item in value.items()
            }
    raise TypeMismatchError(
        f"metadata {where!r} is a {type(value).__name__}, and metadata is JSON: None, bool, int,"
        f" float, str, and lists and dicts of these; {_remedy(value)}"
    )


def _scalar(value: Any) -> Any:
    """A numpy scalar, or an array of no dimension, as the Python number it holds."""
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        return value.item()
    return value


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise TypeMismatchError(
            f"the keys of {where!r} are strings, and {key!r} is a {type(key).__name__}; log"
            f" str({key!r}) instead"
        )
    if not is_storable(key):
        raise TypeMismatchError(
            f"the key {shown(key)} of {where!r} holds a NUL or half a character; log it under"
            " another name"
        )
    return key


def _remedy(value: Any) -> str:
    if hasattr(value, "tolist"):
        return "log its .tolist() where it is small, else save it as an artifact"
    for types, remedy in _REMEDIES:
        if isinstance(value, types):
            return remedy
    return "save it as an artifact instead: save_artifact(value, name)"
