"""The runs of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from lateen.client.views.run import RunView
from lateen.domain.states import RunPhase


class Runs(Sequence[RunView]):
    """Runs in order of time: ``runs[-1]`` is the newest, failed and current ones among them."""

    __slots__ = ("_runs",)

    def __init__(self, runs: Iterable[RunView]) -> None:
        self._runs = tuple(runs)

    @property
    def succeeded(self) -> Runs:
        """Those that succeeded."""
        return Runs(run for run in self._runs if run.status == RunPhase.SUCCEEDED)

    @overload
    def __getitem__(self, position: int) -> RunView: ...
    @overload
    def __getitem__(self, position: slice) -> Runs: ...

    def __getitem__(self, position: int | slice) -> RunView | Runs:
        if isinstance(position, slice):
            return Runs(self._runs[position])
        if not -len(self) <= position < len(self):
            raise IndexError(f"there are {len(self)} runs, so none at {position}")
        return self._runs[position]

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return repr(list(self._runs))
