"""The nouns that people may ask for, in singular, plural and short."""

from __future__ import annotations

from dataclasses import dataclass

import click

from lateen.domain.names import did_you_mean


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


class KindType(click.ParamType):
    """A noun on the command line."""

    name = "kind"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Kind:
        """The noun, or a usage error that names the nearest one."""
        if isinstance(value, Kind):
            return value
        found = _BY_WORD.get(str(value).lower())
        if found is None:
            plurals = [kind.plural for kind in KINDS]
            near = did_you_mean(str(value), plurals)
            self.fail(f"there is nothing called {value!r}{near}", param, ctx)
        return found


def split_name(name: str) -> tuple[str, str | None]:
    """``iris@3`` is the version 3 of iris."""
    base, at, version = name.rpartition("@")
    return (base, version) if at and base else (name, None)
