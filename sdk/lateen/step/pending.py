"""What a running step was told is done, and what waits for its commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.receipts import Receipt
from lateen.step.ports import Json
from lateen.step.promotions import Promotions


def _kept_nowhere(entry: Json) -> None:
    """Where the process that serves a step dies with the attempt, nothing outlives it."""


@dataclass
class Pending:
    """What waits for the step's commit."""

    keep: Callable[[Json], None] = _kept_nowhere
    """Keeps an entry where it outlives this process, so that ``restore`` can take it again."""
    step_metadata: dict[str, Any] = field(default_factory=dict)
    output_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    output_tags: dict[str, list[str]] = field(default_factory=dict)
    promotions: Promotions = field(default_factory=Promotions)
    reads: list[Receipt] = field(default_factory=list)
    """What the body looked up, as it is recorded."""
    opaque: bool = False
    """Whether the body looked at history, which nothing can check again for the cache."""

    def log_on_step(self, values: Json) -> None:
        self._add({"step": dict(values)})

    def log_on_output(self, output: str, values: Json) -> None:
        self._add({"output": output, "values": dict(values)})

    def tag_output(self, output: str, tags: list[str]) -> None:
        self._add({"output": output, "tags": list(tags)})

    def promote(self, promotion: Json, promoted: Json) -> None:
        self._add({"promotion": promotion, "promoted": promoted})

    def look_back(self) -> None:
        """The body looked at history."""
        if not self.opaque:
            self._add({"opaque": True})

    def _add(self, entry: Json) -> None:
        self.restore(entry)
        self.keep(entry)

    def restore(self, entry: Json) -> None:
        """Takes an entry that was kept."""
        match entry:
            case {"step": values}:
                self.step_metadata.update(values)
            case {"output": output, "values": values}:
                self.output_metadata.setdefault(output, {}).update(values)
            case {"output": output, "tags": tags}:
                self.output_tags.setdefault(output, []).extend(tags)
            case {"promotion": promotion, "promoted": promoted}:
                self.promotions.add(promotion, promoted)
            case {"opaque": True}:
                self.opaque = True
