"""Many look-ups in one statement, each as its query in ``lookups.sql`` says."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import starmap
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
    names = tuple(sorted(asked))
    found: dict[Question, list[Row]] = {each: [] for same in asked.values() for each in same}
    rows = connection.execute(_statement(names), {"asked": Jsonb(_places(asked))}).fetchall()
    texts = json.loads(f"[{','.join([row['answer'] for row in rows])}]")
    for row, answer in zip(rows, texts, strict=True):
        found[asked[names[row["query"]]][row["place"] - 1]].append(answer)
    return found


def _places(asked: Mapping[str, list[Question]]) -> dict[str, list[dict[str, str | None]]]:
    return {
        name: [{key: _text(value) for key, value in each.parameters} for each in same]
        for name, same in asked.items()
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def _statement(names: tuple[str, ...]) -> bytes:
    """Each of the queries for every set of parameters under its name."""
    return "\nUNION ALL\n".join(starmap(_for_each, enumerate(names))).encode()


def _for_each(number: int, name: str) -> str:
    query = _PARAMETER.sub(r"(asked.it->>'\1')", _bare(statements("lookups")[name]))
    # OFFSET 0 has the planner take each query as it is, for one set of parameters: it would guess
    # that there are a hundred and read whole tables.
    return f"""SELECT {number} AS query, asked.place, row_to_json(found)::text AS answer
FROM jsonb_array_elements(%(asked)s->'{name}') WITH ORDINALITY AS asked(it, place)
CROSS JOIN LATERAL (
{query}
OFFSET 0) AS found"""


def _bare(query: str) -> str:
    """Without comments and indents: psycopg parses a long statement anew each time."""
    lines = map(str.strip, query.splitlines())
    return "\n".join(line for line in lines if not line.startswith("--"))
