"""Many look-ups in one statement, each as its query in ``lookups.sql`` says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from lateen.stores.catalog.connections import Connection, Row
from lateen.stores.catalog.statements import statements

_PARAMETER = re.compile(r"%\((\w+)\)s")


class Question(NamedTuple):
    """One look-up: its query and its parameters."""

    query: str
    parameters: tuple[tuple[str, Any], ...]


def answers(connection: Connection, questions: Iterable[Question]) -> Mapping[Question, list[Row]]:
    """The rows that answer each question; ids are text in them."""
    asked: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        asked[question.query].append(question)
    parameters = {
        name: Jsonb([{key: _text(value) for key, value in each.parameters} for each in same])
        for name, same in asked.items()
    }
    found: dict[Question, list[Row]] = {each: [] for same in asked.values() for each in same}
    for row in connection.execute(_statement(tuple(sorted(asked))), parameters):
        found[asked[row["query"]][row["place"] - 1]].append(row["answer"])
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def _statement(names: tuple[str, ...]) -> bytes:
    """Each of the queries for every set of parameters in the JSON array that bears its name."""
    return "\nUNION ALL\n".join(map(_for_each, names)).encode()


def _for_each(name: str) -> str:
    query = _PARAMETER.sub(r"(asked.it->>'\1')", statements("lookups")[name])
    # OFFSET 0 has the planner take each query as it is, for one set of parameters: it would guess
    # that there are a hundred and read whole tables.
    return f"""SELECT '{name}' AS query, asked.place, row_to_json(found) AS answer
  FROM jsonb_array_elements(%({name})s) WITH ORDINALITY AS asked(it, place)
 CROSS JOIN LATERAL (
{query}
OFFSET 0) AS found"""
