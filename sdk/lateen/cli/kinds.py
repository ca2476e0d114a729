"""The nouns that people may ask for, in singular, plural and short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from lateen.domain.names import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Kind:
    """One noun."""

    name: str
    plural: str
    short: tuple[str, ...]


RUN = Kind("run", "runs", ("r", "lr"))
ARTIFACT = Kind("artifact", "artifacts", ("a",))
MODEL = Kind("model", "models", ("m",))
PIPELINE = Kind("pipeline", "pipelines", ("p", "lp"))
KINDS = (RUN, ARTIFACT, MODEL, PIPELINE)

_BY_WORD = {word: kind for kind in KINDS for word in (kind.name, kind.plural, *kind.short)}


def kind_argument(command: F) -> F:
    """The argument KIND, as the noun that it names."""
    return click.argument("kind", callback=lambda _ctx, _param, value: kind_of(value))(command)


def kind_of(word: str) -> Kind:
    """The noun of a word; a usage error that names the nearest one where there is none."""
    found = _BY_WORD.get(word.lower())
    if found is None:
        near = did_you_mean(word, [kind.plural for kind in KINDS])
        raise click.BadParameter(f"there is nothing called {word!r}{near}")
    return found


def split_name(name: str) -> tuple[str, str | None]:
    """``iris@3`` is the version 3 of iris."""
    base, at, version = name.rpartition("@")
    return (base, version) if at and base else (name, None)
