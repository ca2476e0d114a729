"""Late values that a step can take: artifacts, metadata, attributes, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from lateen.authoring.lateness import Late
from lateen.authoring.location import caller
from lateen.authoring.rules import NO_RULES, Rules, bare, check_no_default, checked_default
from lateen.domain.errors import LateValueError
from lateen.domain.missing import MISSING
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

    def __init__(self, name: str, of: Subject, rules: Rules = NO_RULES) -> None:
        super().__init__(rules.around(Attribute(name, of)))

    @property
    def value(self) -> LateAttribute:
        """The attribute itself."""
        return self


class LateMetadata(LateValue):
    """A metadata value, or with an index a part of one."""

    __slots__ = ("_rules",)
    _rules: Rules

    def __init__(self, source: Metadata, rules: Rules = NO_RULES) -> None:
        super().__init__(rules.around(source))
        object.__setattr__(self, "_rules", rules)

    @property
    def value(self) -> LateMetadata:
        """The value itself, late as before."""
        return self

    def __getitem__(self, key: str | int) -> LateMetadata:
        return self._part(key, MISSING)

    def get(self, key: str | int, default: Any = None) -> LateMetadata:
        """A part of the value, or the default where there is none."""
        return self._part(key, checked_default(default))

    def _part(self, key: str | int, default: Any) -> LateMetadata:
        whole = self._rules.default
        if whole is not MISSING and (default is MISSING or whole != {}):
            raise LateValueError(
                f"{self!r} has a default for the whole value; give one to the part alone, as in"
                ' .run_metadata["scores"].get("f1", 0.0)',
                caller(),
            )
        source = cast(Metadata, bare(self.__lateen_source__))
        path = (*source.path, _checked_key(self, key))
        return LateMetadata(replace(source, path=path), self._rules.with_default(default))


class LateRunMetadata(Late):
    """The metadata of what a reference becomes; index it by a key."""

    __slots__ = ("_of", "_rules")
    _of: Subject
    _rules: Rules

    def __init__(self, of: Subject, rules: Rules = NO_RULES) -> None:
        super().__init__(_of=of, _rules=rules)

    def _words(self) -> str:
        return f"metadata of {described(self._of)}"

    def __getitem__(self, key: str) -> LateMetadata:
        check_no_default(self._rules, self._words(), 'run_metadata.get("MSE", 0.0)')
        return LateMetadata(Metadata(str(_checked_key(self, key)), self._of), self._rules)

    def get(self, key: str, default: Any = None) -> LateMetadata:
        """The value of a key, or the default where there is none."""
        rules = self._rules.with_default(checked_default(default))
        return LateMetadata(Metadata(str(_checked_key(self, key)), self._of), rules)


class LateArtifact(LateValue):
    """An artifact version that is found when a step that takes it starts."""

    __slots__ = ("_rules",)
    _rules: Rules

    def __init__(self, source: Version, rules: Rules = NO_RULES) -> None:
        super().__init__(rules.around(source))
        object.__setattr__(self, "_rules", rules)

    @property
    def value(self) -> LateArtifact:
        """The artifact itself, loaded for the step that takes it."""
        return self

    @property
    def run_metadata(self) -> LateRunMetadata:
        """Its metadata, late too: ``.run_metadata["MSE"]``."""
        return LateRunMetadata(self._subject, self._rules)

    @property
    def version(self) -> LateAttribute:
        return self._attribute("version")

    @property
    def digest(self) -> LateAttribute:
        return self._attribute("digest")

    @property
    def uri(self) -> LateAttribute:
        return self._attribute("uri")

    @property
    def id(self) -> LateAttribute:
        return self._attribute("id")

    @property
    def name(self) -> LateAttribute:
        return self._attribute("name")

    @property
    def _subject(self) -> Version:
        return cast(Version, bare(self.__lateen_source__))

    def _attribute(self, name: str) -> LateAttribute:
        check_no_default(self._rules, f"the {name} of {described(self._subject)}")
        return LateAttribute(name, self._subject, self._rules)


def _checked_key(late: Late, key: object) -> str | int:
    if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
        return key
    raise LateValueError(
        f"{late!r} is indexed by a key or a position that is known now, not by {key!r}", caller()
    )
