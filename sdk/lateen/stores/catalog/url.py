"""Checks the URL of a catalog's database, and never repeats it: it may hold a password."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from lateen.domain.errors import SetupError


def check_url(url: str) -> None:
    """SetupError where the URL cannot be read, or was cut by what is not percent-encoded in it."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _unreadable() from None
    ports = str(parts.get("port") or "").split(",")
    cut = "@" in f"{parts.get('host')}{parts.get('dbname')}"
    if cut or not all(port.isdecimal() or not port for port in ports):
        raise _unreadable()


def _unreadable() -> SetupError:
    return SetupError(
        "the URL of the catalog's database (LATEEN_DATABASE_URL) cannot be read; it looks like"
        " postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and what is special in the user's name or"
        " the password is percent-encoded: @ is %40, / is %2F, : is %3A, # is %23, % is %25"
    )
