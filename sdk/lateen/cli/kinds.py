"""The nouns that people may ask for, in singular, plural and short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from lateen.domain.names import did_you_mean
from lateen.domain.states import ModelStages

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


def stage_argument(command: F) -> F:
    """The argument STAGE."""
    stages = [stage.value for stage in ModelStages if stage is not ModelStages.LATEST]
    return click.argument("stage", metavar="STAGE", type=click.Choice(stages))(command)


def name_of(kind: Kind) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """What takes an argument or an option as the name of such a thing."""
    return lambda _ctx, _param, value: None if value is None else bare(value, kind)


def bare(name: str, kind: Kind) -> str:
    """``run/training-1``, as ``-o name`` prints it, is the run training-1; most names are bare."""
    word, slash, rest = name.partition("/")
    found = _BY_WORD.get(word.lower()) if slash else None
    if found is None:
        return name
    if found is not kind:
        raise click.BadParameter(f"{name!r} names a {found.name}, and a {kind.name} is wanted")
    return rest


def split_name(name: str) -> tuple[str, str | None]:
    """``iris@3`` is the version 3 of iris."""
    base, at, version = name.rpartition("@")
    return (base, version) if at and base else (name, None)
