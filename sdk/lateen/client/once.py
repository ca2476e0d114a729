"""A value that is made when somebody first asks for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A value made once, also when several threads ask for it at the same time."""

    __slots__ = ("_locks", "_made")

    def __init__(self) -> None:
        self._made: tuple[T, ...] = ()
        # By process: a fork copies a lock that another thread holds, and nobody would release it.
        self._locks: dict[int, threading.Lock] = {}

    def get(self, make: Callable[[], T]) -> T:
        """The value, made now if it has not been made yet."""
        if not self._made:
            with self._locks.setdefault(os.getpid(), threading.Lock()):
                if not self._made:
                    self._made = (make(),)
        return self._made[0]
