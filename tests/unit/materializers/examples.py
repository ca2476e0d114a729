"""Classes at the top level of a module, where artifacts can find them again."""

from __future__ import annotations

import enum
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Color(enum.Enum):
    RED = 1
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: Any
    y: Any = 0


@dataclass
class Config:
    name: str
    rate: float = 0.1
    parts: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frozen:
    values: tuple[Any, ...]


@dataclass(kw_only=True)
class Derived:
    base: int
    scale: InitVar[int] = 2
    scaled: int = field(init=False, default=0)

    def __post_init__(self, scale: int) -> None:
        self.scaled = self.base * scale

    @cached_property
    def square(self) -> int:
        return self.scaled**2


@dataclass
class Forgetful:
    name: str

    def __post_init__(self) -> None:
        self.handle = object()


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Table(dict[str, int]):
    name: str = ""


class Outer:
    @dataclass
    class Inner:
        value: int


class Plain:
    """A class that nothing knows how to save."""


class Word(str):
    """A subclass that a built-in form would lose."""


class Shape:
    """A plain base of a class that can be saved."""


@dataclass
class Circle(Shape):
    radius: float
