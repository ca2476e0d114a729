"""The named queries of the ``.sql`` files beside this module.

A query begins with ``-- name: get-run`` and goes on to the next such line; the comment lines that
follow the name describe it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_HEADING = re.compile(r"^-- name: ([a-z0-9-]+)$", re.MULTILINE)


@cache
def statements(file: str) -> dict[str, str]:
    """The queries of ``queries/<file>.sql`` by name."""
    text = files(__package__).joinpath("queries", f"{file}.sql").read_text()
    parts = _HEADING.split(text)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
