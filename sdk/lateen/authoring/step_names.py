"""The names of a pipeline's steps: the Python names of history, and the DNS names from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from lateen.domain.errors import CompileError, InvalidNameError
from lateen.domain.names import LONGEST_DNS_NAME, check_name, dns_name


@dataclass(frozen=True, slots=True)
class StepName:
    """The name of one called step."""

    history: str
    """As people see it: ``split_data``, ``inner-load_2``."""
    dns: str
    """The key everywhere inside: ``split-data``."""
    location: str
    """``file:line`` of the call."""
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a called step wants to be named."""

    name: str
    function: Callable[..., Any]
    location: str
    at_the_call: bool = False
    """Given by ``with_options(name=)``: never numbered."""
    by_option: bool = False
    """Given by ``@step(name=)``: numbered for calls of the same function alone."""


class StepNames:
    """The names that a pipeline's body has given away so far."""

    def __init__(self) -> None:
        self._by_history: dict[str, StepName] = {}
        self._by_dns: dict[str, StepName] = {}
        self._prefixes: set[str] = set()

    def claim(self, wish: Wish, prefix: str) -> StepName:
        """A name of its own for a called step; CompileError where it is another one's."""
        for number in count(1):
            name = _numbered(wish, prefix, number)
            holder = self._by_history.get(name.history)
            if holder is None:
                return self._entered(name)
            if wish.at_the_call or (wish.by_option and holder.function is not wish.function):
                raise CompileError(
                    f"a step named {name.history!r} is there already, called at"
                    f" {holder.location}; choose another name=",
                    wish.location,
                )
        raise AssertionError("count() does not end")

    def _entered(self, name: StepName) -> StepName:
        holder = self._by_dns.get(name.dns)
        if holder is not None:
            raise CompileError(
                f"the step {name.history!r} would be {name.dns!r} in the cluster, and so would"
                f" {holder.history!r}, called at {holder.location};"
                " rename one by with_options(name=)",
                name.location,
            )
        self._by_history[name.history] = self._by_dns[name.dns] = name
        return name

    def claim_prefix(self, pipeline: str, outer: str) -> str:
        """The prefix for the steps of an inlined pipeline: ``inner-``, ``inner_2-``."""
        for number in count(1):
            prefix = f"{outer}{pipeline}{_suffix(number)}-"
            if prefix not in self._prefixes:
                self._prefixes.add(prefix)
                return prefix
        raise AssertionError("count() does not end")

    def find(self, name: str, prefix: str = "") -> StepName | None:
        """The step of that history name or DNS name, first among those with the prefix."""
        for table in (self._by_history, self._by_dns):
            for candidate in (prefix + name, name):
                if candidate in table:
                    return table[candidate]
        return None

    @property
    def history(self) -> list[str]:
        """The names of history, in order of the calls."""
        return list(self._by_history)


def _suffix(number: int) -> str:
    return "" if number == 1 else f"_{number}"


def _numbered(wish: Wish, prefix: str, number: int) -> StepName:
    suffix = _suffix(number)
    try:
        history = check_name(prefix + wish.name + suffix, "the step")
    except InvalidNameError as error:
        raise CompileError(f"{error} as name=", wish.location) from None
    dns_suffix = suffix.replace("_", "-")
    stem = dns_name(prefix + wish.name)[: LONGEST_DNS_NAME - len(dns_suffix)].rstrip("-")
    return StepName(history, stem + dns_suffix, wish.location, wish.function)
