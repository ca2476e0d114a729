"""What references became: the resolved inputs of an attempt, and the receipts that record them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one reference of an attempt became; kept for good."""

    input: str
    """The input's name; ``""`` for a read in the step's body."""
    path: str
    """Where in a list or dict the reference stands, such as ``0`` or ``left``; else ``""``."""
    reference: Mapping[str, Any]
    """As written."""
    artifact: ArtifactVersion | None = None
    model: ModelVersion | None = None
    stage_event: int | None = None
    value: Any = None
    """A metadata value, an attribute or a parameter."""
    has_value: bool = False

    @property
    def digest(self) -> str | None:
        return self.artifact.digest if self.artifact and not self.has_value else None

    def same_as(self, other: Receipt) -> bool:
        """Whether both found the same: the same value, the same bytes, the same model version."""
        if self.has_value or other.has_value:
            # As JSON: 1, 1.0 and True are equal in Python.
            values = canonical_json(self.value), canonical_json(other.value)
            return self.has_value == other.has_value and values[0] == values[1]
        if self.artifact is not None or other.artifact is not None:
            return self.digest == other.digest
        return (self.model and self.model.id) == (other.model and other.model.id)

    @property
    def became(self) -> str:
        """The version or the value, in a word, for tables and status."""
        if self.has_value:
            return repr(self.value)
        if self.artifact is not None:
            return self.artifact.version
        return self.model.version if self.model is not None else ""

    @property
    def named(self) -> str:
        """The version with the name of what it is one of: ``iris@7``; ``""`` for mere values."""
        found = self.artifact or self.model
        return f"{found.name}@{found.version}" if found is not None else ""


@dataclass(frozen=True, slots=True)
class PlainInput:
    """An input that is a JSON value."""

    value: Any

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value}


@dataclass(frozen=True, slots=True)
class ArtifactInput:
    """An input that is an artifact version, to be fetched and loaded."""

    artifact: ArtifactVersion

    def to_json(self) -> dict[str, Any]:
        return {"artifact": self.artifact.id, "digest": self.artifact.digest}


@dataclass(frozen=True, slots=True)
class ItemsInput:
    """An input that is a list or a tuple of inputs."""

    items: tuple[ResolvedInput, ...]
    container: str

    def to_json(self) -> dict[str, Any]:
        return {"list": [item.to_json() for item in self.items], "as": self.container}


@dataclass(frozen=True, slots=True)
class EntriesInput:
    """An input that is a dict of inputs."""

    entries: Mapping[str, ResolvedInput]

    def to_json(self) -> dict[str, Any]:
        return {"map": {key: item.to_json() for key, item in self.entries.items()}}


ResolvedInput = PlainInput | ArtifactInput | ItemsInput | EntriesInput


@dataclass(frozen=True, slots=True)
class Resolution:
    """All that the references of an attempt became in one snapshot."""

    inputs: Mapping[str, ResolvedInput]
    receipts: tuple[Receipt, ...] = ()
    model: ModelVersion | None = None
    """The version that the step works with, where it is not still to be made."""

    @property
    def digests(self) -> set[str]:
        """Of all artifacts to fetch."""
        return {receipt.digest for receipt in self.receipts if receipt.digest is not None}
