"""A mapping of views by name that also takes positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from lateen.domain.errors import NotFoundError
from lateen.domain.names import did_you_mean

V = TypeVar("V")


class Named(Mapping[str, V]):
    """Views in their order, by name (``steps["load"]``) or position (``steps[0]``)."""

    __slots__ = ("_items", "_of", "_what")

    def __init__(self, items: Mapping[str, V], what: str, of: str) -> None:
        self._items = dict(items)
        self._what = what
        self._of = of

    def __getitem__(self, key: str | int) -> V:
        """The view; NotFoundError, naming the nearest, where there is none."""
        if key not in self:
            raise NotFoundError(self._missing(key))
        if isinstance(key, int):
            return list(self._items.values())[key]
        return self._items[key]

    def _missing(self, key: str | int) -> str:
        if not self._items:
            return f"{self._of} has no {self._what} {key!r}; it has none at all"
        if isinstance(key, int):
            return f"{self._of} has {len(self)} {self._what}s, so none at {key}"
        return f"{self._of} has no {self._what} {key!r}{did_you_mean(key, self._items)}"

    def __contains__(self, key: object) -> bool:
        if isinstance(key, int):
            return -len(self) <= key < len(self)
        return key in self._items

    def get(self, key: str | int, default: Any = None) -> Any:
        """The view, or the default where there is none."""
        try:
            return self[key]
        except NotFoundError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)
