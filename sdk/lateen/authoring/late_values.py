"""Late values that a step can take: artifacts, metadata, attributes, parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lateen.authoring.lateness import Late
from lateen.authoring.location import caller
from lateen.domain.errors import LateValueError
from lateen.domain.references import (
    Attribute,
    Metadata,
    Parameter,
    Source,
    Subject,
    Version,
    described,
)


class LateComparison(Late):
    """A comparison of a late value, for a step's ``when``."""

    __slots__ = ("left", "operator", "right")
    left: Source
    operator: str
    right: Any

    def _words(self) -> str:
        right = self.right
        shown = described(right.__lateen_source__) if isinstance(right, LateValue) else repr(right)
        return f"{described(self.left)} {self.operator} {shown}"


def _comparing(operator: str) -> Callable[[LateValue, object], LateComparison]:
    def compare(self: LateValue, other: object) -> LateComparison:
        return LateComparison(left=self.__lateen_source__, operator=operator, right=other)

    return compare


class LateValue(Late):
    """A late value that a step can take."""

    __slots__ = ("__lateen_source__",)
    __lateen_source__: Source

    def __init__(self, source: Source) -> None:
        super().__init__(__lateen_source__=source)

    def _words(self) -> str:
        return described(self.__lateen_source__)

    __hash__ = object.__hash__
    __eq__ = _comparing("==")
    __ne__ = _comparing("!=")
    __lt__ = _comparing("<")
    __le__ = _comparing("<=")
    __gt__ = _comparing(">")
    __ge__ = _comparing(">=")


class LateParameter(LateValue):
    """A parameter of the pipeline, which every run may set."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(Parameter(name))


class LateAttribute(LateValue):
    """The version, digest, uri, id or name of what a reference becomes."""

    __slots__ = ()

    def __init__(self, name: str, of: Subject) -> None:
        super().__init__(Attribute(name, of))

    @property
    def value(self) -> LateAttribute:
        """The attribute itself."""
        return self


class LateMetadata(LateValue):
    """A metadata value, or with an index a part of one."""

    __slots__ = ()
    __lateen_source__: Metadata

    def __init__(self, source: Metadata) -> None:
        super().__init__(source)

    @property
    def value(self) -> LateMetadata:
        """The value itself, late as before."""
        return self

    def __getitem__(self, key: str | int) -> LateMetadata:
        source = self.__lateen_source__
        step = _checked_key(self, key)
        return LateMetadata(Metadata(source.key, source.of, (*source.path, step)))


class LateRunMetadata(Late):
    """The metadata of what a reference becomes; index it by a key."""

    __slots__ = ("_of",)
    _of: Subject

    def __init__(self, of: Subject) -> None:
        super().__init__(_of=of)

    def _words(self) -> str:
        return f"metadata of {described(self._of)}"

    def __getitem__(self, key: str) -> LateMetadata:
        return LateMetadata(Metadata(str(_checked_key(self, key)), self._of))


class LateArtifact(LateValue):
    """An artifact version that is found when a step that takes it starts."""

    __slots__ = ()
    __lateen_source__: Version

    def __init__(self, source: Version) -> None:
        super().__init__(source)

    @property
    def value(self) -> LateArtifact:
        """The artifact itself, loaded for the step that takes it."""
        return self

    @property
    def run_metadata(self) -> LateRunMetadata:
        """Its metadata, late too: ``.run_metadata["MSE"]``."""
        return LateRunMetadata(self.__lateen_source__)

    @property
    def version(self) -> LateAttribute:
        return LateAttribute("version", self.__lateen_source__)

    @property
    def digest(self) -> LateAttribute:
        return LateAttribute("digest", self.__lateen_source__)

    @property
    def uri(self) -> LateAttribute:
        return LateAttribute("uri", self.__lateen_source__)

    @property
    def id(self) -> LateAttribute:
        return LateAttribute("id", self.__lateen_source__)

    @property
    def name(self) -> LateAttribute:
        return LateAttribute("name", self.__lateen_source__)


def _checked_key(late: Late, key: object) -> str | int:
    if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
        return key
    raise LateValueError(
        f"{late!r} is indexed by a key or a position that is known now, not by {key!r}", caller()
    )
