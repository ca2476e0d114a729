"""What a receipt says, in words: the reference as written, and what it became."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from lateen.domain.canonical import canonical_json
from lateen.domain.errors import ProtocolError
from lateen.domain.references import DETAILS, described, subject_from_json

Json = Mapping[str, Any]

LONGEST = 40
"""So much of a value or a name stands in a line; of a name its end, with the version."""


def reference_words(reference: Json, artifact: Json | None) -> str:
    """A reference as written, in words; a version that it names by id by its name."""
    try:
        words = described(subject_from_json(reference))
    except ProtocolError:
        return canonical_json(dict(reference))
    if artifact is None:
        return words
    by_id = f"the artifact version {artifact['id']}"
    return words.replace(by_id, f"{artifact['name']!r} version {artifact['version']}")


def became_words(receipt: Json, version: Json | None) -> str:
    """The version or the value that a reference became, in a word or a few."""
    if not receipt["has_value"]:
        return str(version["version"]) if version else ""
    if receipt["reference"].get("attribute") == DETAILS:
        return _details(receipt["value"])
    return repr(receipt["value"])


def _details(value: Json) -> str:
    """``production, MSE=0.5``: the stage that a model version was in, and its metadata."""
    stage = [value["stage"]] if "stage" in value else []
    logged = [f"{key}={canonical_json(entry)}" for key, entry in value["metadata"].items()]
    return ", ".join([*stage, " ".join(logged) or "no metadata"])


class Reference(Protocol):
    """What one reference of a step became."""

    @property
    def input(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def has_value(self) -> bool: ...

    @property
    def value(self) -> Any: ...

    @property
    def named(self) -> str: ...


def inputs_text(references: Iterable[Reference]) -> str:
    """What references became, in a line: ``classifier=trained@7 threshold=0.7``."""
    return " ".join(_input_text(each) for each in references if each.input)


def _input_text(reference: Reference) -> str:
    path = f".{reference.path}" if reference.path else ""
    return f"{reference.input}{path}={_value_text(reference)}"


def _value_text(reference: Reference) -> str:
    if not reference.has_value:
        named = reference.named
        return named if len(named) <= LONGEST else f"…{named[1 - LONGEST :]}"
    value = reference.value
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
