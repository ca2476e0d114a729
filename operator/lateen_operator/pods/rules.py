"""Rules for JSON that comes from a user: what may stand at a place; nothing else may.

A rule takes a value and its path; it raises UserError for a value that it does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lateen.domain.errors import UserError
from lateen.domain.names import did_you_mean, shown
from lateen.domain.quantities import QUANTITY

Rule = Callable[[Any, str], None]

_QUANTITY = re.compile(QUANTITY, re.ASCII)


def refusal(path: str, words: str) -> UserError:
    """The error about what stands at a path."""
    return UserError(f"{path}: {words}")


def fields(
    allowed: Mapping[str, Rule], instead: Mapping[str, str] | None = None, needed: str = ""
) -> Rule:
    """An object with these fields; ``instead`` says what to do rather than use others.

    ``needed`` names the fields that must be there.
    """

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise refusal(path, f"an object is needed, not {_found(value)}")
        for name, item in value.items():
            if name not in allowed:
                raise refusal(f"{path}.{name}", _not_allowed(str(name), allowed, instead or {}))
            allowed[name](item, f"{path}.{name}")
        for name in needed.split():
            if name not in value:
                raise refusal(path, f"{name!r} is missing")

    return check


def _not_allowed(name: str, allowed: Mapping[str, Rule], instead: Mapping[str, str]) -> str:
    if name in instead:
        return f"not allowed: {instead[name]}"
    near = did_you_mean(name, allowed)
    if near.startswith("; did"):
        return f"there is no such field that Lateen allows{near}"
    return f"not allowed; what may stand here: {', '.join(sorted(allowed))}"


def exactly_one(names: tuple[str, ...], rule: Rule) -> Rule:
    """An object that the rule allows, with one of these fields."""

    def check(value: Any, path: str) -> None:
        rule(value, path)
        given = [name for name in names if name in value]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise refusal(path, f"exactly one of {', '.join(names)} is needed; found {found}")

    return check


def items(rule: Rule) -> Rule:
    """A list of what the rule allows."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list | tuple):
            raise refusal(path, f"a list is needed, not {_found(value)}")
        for position, item in enumerate(value):
            rule(item, f"{path}[{position}]")

    return check


def values(rule: Rule, key: Rule | None = None) -> Rule:
    """An object of any keys, or those that ``key`` allows, whose values the rule allows."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise refusal(path, f"an object is needed, not {_found(value)}")
        for name, item in value.items():
            if key is not None:
                key(name, f"{path}[{name!r}]")
            rule(item, f"{path}[{name!r}]")

    return check


def text(value: Any, path: str) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise refusal(path, f"text is needed, not {_found(value)}")


def whole(value: Any, path: str) -> None:
    """A whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refusal(path, f"a whole number from 0 on is needed, not {_found(value)}")


def truth(value: Any, path: str) -> None:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise refusal(path, f"true or false is needed, not {_found(value)}")


def quantity(value: Any, path: str) -> None:
    """A quantity such as ``500m``, ``2`` or ``4Gi``."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number or isinstance(value, str)) or not _QUANTITY.fullmatch(str(value)):
        raise refusal(path, f"a quantity such as 500m, 2 or 4Gi is needed, not {_found(value)}")


def one_of(*allowed: Any) -> Rule:
    """One of these values."""

    def check(value: Any, path: str) -> None:
        if not any(value == it and type(value) is type(it) for it in allowed):
            there = " or ".join(map(repr, allowed))
            raise refusal(path, f"{there} is needed, not {_found(value)}")

    return check


def both(rule: Rule, further: Rule) -> Rule:
    """What both rules allow; the second sees only what the first allows."""

    def check(value: Any, path: str) -> None:
        rule(value, path)
        further(value, path)

    return check


def _found(value: Any) -> str:
    if isinstance(value, str):
        return shown(value)
    text_ = repr(value)
    return text_ if len(text_) <= 60 else text_[:57] + "..."
