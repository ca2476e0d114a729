"""Errors of the database as errors of Lateen."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from lateen.domain import promotions
from lateen.domain.errors import (
    CatalogRefused,
    CatalogUnavailable,
    Fenced,
    LateenError,
    LeaseExpired,
    NotFoundError,
    TemporaryError,
    UserError,
    VersionConflictError,
)


def mapped(error: psycopg.Error) -> LateenError:
    """The error of Lateen that tells what a database error means."""
    if error.sqlstate in _MEANINGS:
        return _MEANINGS[error.sqlstate](_detail(error))
    if isinstance(error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
        return UserError(f"the catalog cannot hold what it was given: {_first_line(error)}")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or _outdated(error):
        return CatalogUnavailable(f"the catalog's database did not answer: {_first_line(error)}")
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):  # a new connection finds another
        return CatalogUnavailable(f"the catalog's database takes no writes: {_first_line(error)}")
    if isinstance(error, psycopg.errors.UniqueViolation):
        return TemporaryError(f"another was quicker to write the same: {_first_line(error)}")
    if isinstance(error, psycopg.errors.RestrictViolation | psycopg.errors.ForeignKeyViolation):
        if "insert or update" in str(error):
            return NotFoundError(
                f"what it refers to was deleted meanwhile; look again: {_first_line(error)}"
            )
        return UserError(f"something else still refers to it: {_first_line(error)}")
    return CatalogRefused(
        f"the catalog's database refuses what Lateen asks of it ({_kind(error)}:"
        f" {_first_line(error)}); its tables are those of another version, its role lacks a right,"
        " or this is a defect of Lateen"
    )


def _outdated(error: psycopg.Error) -> bool:
    """Whether a statement was prepared before the tables changed: a new connection knows better."""
    return isinstance(error, psycopg.errors.FeatureNotSupported) and "cached plan" in str(error)


def _kind(error: psycopg.Error) -> str:
    return f"{type(error).__name__} {error.sqlstate or ''}".rstrip()


def _detail(error: psycopg.Error) -> dict[str, Any]:
    detail = error.diag.message_detail
    return {"message": error.diag.message_primary, **(json.loads(detail) if detail else {})}


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _fenced(detail: dict[str, Any]) -> LateenError:
    state, cause = detail.get("state"), detail.get("cause")
    if state is None:
        return Fenced("the attempt is not in the catalog (its run was deleted?); nothing was kept")
    why = f" ({cause})" if cause else ""
    return Fenced(f"the attempt is {state}{why} and can write nothing any more")


def _taken(detail: dict[str, Any]) -> LateenError:
    return promotions.taken(detail["model"], detail["stage"], detail["incumbent"])


def _unexpected(detail: dict[str, Any]) -> LateenError:
    return promotions.unexpected(
        detail["model"], detail["stage"], detail["expected"], detail.get("incumbent")
    )


def _protected(detail: dict[str, Any]) -> LateenError:
    return promotions.protected(detail["model"], detail["from"], detail["to"])


def _conflict(detail: dict[str, Any]) -> LateenError:
    return VersionConflictError(
        f"the artifact {detail['artifact']!r} has a version {detail['version']!r} already"
        f" (number {detail['number']}) with other bytes; a version never changes, so choose"
        " another name, or none to get the next number"
    )


def _lease_expired(detail: dict[str, Any]) -> LateenError:
    return LeaseExpired(
        f"{detail['message']}: what it stored may have been collected meanwhile, as it took longer"
        " than its leases lasted; store it again"
    )


def _not_found(detail: dict[str, Any]) -> LateenError:
    return NotFoundError(str(detail["message"]))


_MEANINGS = {
    "LT001": _fenced,
    "LT002": _taken,
    "LT003": _unexpected,
    "LT004": _conflict,
    "LT005": _not_found,
    "LT006": _protected,
    "LT007": _lease_expired,
}
