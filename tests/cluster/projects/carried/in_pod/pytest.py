"""As much of pytest as bodies of steps use: the image of a step has none."""

from __future__ import annotations

import re
from types import TracebackType


class raises:
    """That an error comes, and what it says."""

    value: BaseException

    def __init__(self, wanted: type[BaseException], match: str = "") -> None:
        self._wanted = wanted
        self._match = match

    def __enter__(self) -> raises:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        assert error is not None, f"there was no {self._wanted}"
        if not isinstance(error, self._wanted):
            return False
        assert re.search(self._match, str(error)), f"{self._match!r} is not in {error}"
        self.value = error
        return True
