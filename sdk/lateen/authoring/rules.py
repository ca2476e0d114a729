"""What is to happen where a reference matches nothing, or moves while its step runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from lateen.authoring.location import caller
from lateen.authoring.plain import copied, is_plain, shortened
from lateen.domain.durations import seconds
from lateen.domain.errors import CompileError, ParameterError, UserError
from lateen.domain.missing import MISSING
from lateen.domain.names import did_you_mean
from lateen.domain.references import Attribute, Guarded, Metadata, Source, Version

if TYPE_CHECKING:
    from lateen.authoring.quantities import Duration

Bare = Version | Metadata | Attribute
"""A reference without rules."""
OnMoved = Literal["flag", "fail"]
ON_MOVED = ("flag", "fail")


class WaitOptions(TypedDict, total=False):
    """What any look-up in a pipeline's body takes beside what it looks for."""

    wait: Duration | None
    """How long the step waits for something that matches, before it starts."""
    on_moved: OnMoved | None
    """``flag``, or ``fail`` where the step must not commit once the reference means another."""


class RuleOptions(WaitOptions, total=False):
    """... and those of a value that a step can take."""

    default: Any
    """The JSON value to use where nothing matches."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one look-up, which what is taken of its result inherits, but for the default."""

    default: Any = MISSING
    """The JSON value to use where nothing matches."""
    wait: float | None = None
    """Seconds to wait for something that matches."""
    on_moved: str | None = None

    def with_default(self, default: Any) -> Rules:
        """The same rules with a default of their own."""
        return replace(self, default=default)

    def with_others(self, others: Rules) -> Rules:
        """The other rules, and these where those say nothing; the default is theirs alone."""
        return Rules(
            others.default,
            self.wait if others.wait is None else others.wait,
            others.on_moved or self.on_moved,
        )

    def around(self, source: Bare) -> Source:
        """The reference with the rules; by itself where there are none."""
        guarded = Guarded(source, self.default, self.wait, self.on_moved or "flag")
        return source if guarded == Guarded(source) else guarded


NO_RULES = Rules()


def bare(source: Source) -> Source:
    """The source without its rules."""
    return source.source if isinstance(source, Guarded) else source


def rules(**given: Unpack[RuleOptions]) -> Rules:
    """The rules of a look-up in a body; CompileError where they cannot be."""
    _check_known(given)
    wait, on_moved = given.get("wait"), given.get("on_moved")
    if on_moved is not None and on_moved not in ON_MOVED:
        raise CompileError(f"on_moved={on_moved!r}: it is 'flag' or 'fail'", caller())
    try:
        default = checked_default(given.get("default", MISSING))
        return Rules(default, None if wait is None else seconds(wait), on_moved)
    except ParameterError as error:
        raise CompileError(f"wait: {error}", caller()) from None


def shared_rules(what: str, given: Mapping[str, Any]) -> Rules:
    """The rules of a look-up whose result no step can take as a whole."""
    if "default" in given:
        raise CompileError(
            f"default= goes with what a step takes, and {what} is none; give it to what is taken of"
            ' it, as in .get_artifact("x", default=...) or .run_metadata.get("MSE", 0.0)',
            caller(),
        )
    return rules(**given)


def checked_default(default: Any) -> Any:
    """A copy of a default; CompileError where a compiled pipeline cannot hold it."""
    if default is MISSING:
        return MISSING
    if not is_plain(default):
        raise CompileError(
            f"the default {shortened(default)} is a {type(default).__name__}, and a compiled"
            " pipeline holds JSON: None, texts, numbers, lists and dicts of these",
            caller(),
        )
    return copied(default)


def check_no_default(rules: Rules, what: str, way_out: str = "") -> None:
    """CompileError where a reference is asked for something that its default does not have."""
    if rules.default is not MISSING:
        hint = f"; write {way_out}, or" if way_out else "; for that,"
        raise CompileError(
            f"{what}: the reference has the default {shortened(rules.default)}, which would have"
            f" none{hint} look it up without a default",
            caller(),
        )


def only_late(given: Mapping[str, Any]) -> None:
    """UserError where a look-up that happens at once is given rules."""
    _check_known(given)
    for name in given:
        if name != "default" and given[name] is None:
            continue
        raise UserError(
            f"{name}= goes with references, which are resolved when a step starts, in a pipeline's"
            " body; this look-up happens at once: it finds what is there now or raises"
            f" NotFoundError{_INSTEAD[name]}"
        )


def _check_known(given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in _INSTEAD:
            near = did_you_mean(name, _INSTEAD)
            raise TypeError(f"a look-up got an unexpected keyword argument {name!r}{near}")


_INSTEAD = {
    "default": ", which you can catch",
    "wait": "; a reference in the body waits before its step starts",
    "on_moved": "; what a step has looked up itself is flagged on its receipt when it moves",
}
