"""What an error of the database means: an outage passes, and a defect is called one."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from lateen.domain.errors import (
    CatalogRefused,
    CatalogUnavailable,
    LateenError,
    TemporaryError,
    UserError,
)
from lateen.stores.catalog.failures import mapped


def kind(error: type[psycopg.Error]) -> type[LateenError]:
    return type(mapped(error("no luck\nand more")))


@pytest.mark.parametrize(
    "error",
    [
        errors.ConnectionFailure,
        errors.AdminShutdown,
        errors.CannotConnectNow,
        errors.TooManyConnections,
        errors.DiskFull,
        errors.QueryCanceled,
        errors.SerializationFailure,
        errors.ReadOnlySqlTransaction,
        psycopg.OperationalError,
        psycopg.InterfaceError,
    ],
)
def test_a_database_that_does_not_answer_is_waited_for(error: type[psycopg.Error]) -> None:
    assert kind(error) is CatalogUnavailable


@pytest.mark.parametrize(
    "error",
    [
        errors.UndefinedTable,
        errors.UndefinedColumn,
        errors.UndefinedFunction,
        errors.SyntaxError,
        errors.InsufficientPrivilege,
        errors.NotNullViolation,
        errors.CheckViolation,
        errors.FeatureNotSupported,
        errors.InFailedSqlTransaction,
        errors.DataCorrupted,
        psycopg.ProgrammingError,
        psycopg.NotSupportedError,
    ],
)
def test_a_database_that_refuses_is_no_outage(error: type[psycopg.Error]) -> None:
    assert kind(error) is CatalogRefused


def test_a_refusal_tells_which_and_what_it_may_be() -> None:
    found = mapped(errors.UndefinedTable('relation "runs" does not exist\nLINE 1: ...'))
    assert str(found) == (
        "the catalog's database refuses what Lateen asks of it (UndefinedTable 42P01: relation"
        ' "runs" does not exist); its tables are those of another version, its role lacks a right,'
        " or this is a defect of Lateen"
    )


def test_who_writes_the_same_a_moment_later_tries_again() -> None:
    found = kind(errors.UniqueViolation)
    assert issubclass(found, TemporaryError)
    assert not issubclass(found, CatalogUnavailable)


@pytest.mark.parametrize("error", [errors.NumericValueOutOfRange, errors.ProgramLimitExceeded])
def test_what_the_catalog_cannot_hold_is_the_caller_s(error: type[psycopg.Error]) -> None:
    assert issubclass(kind(error), UserError)


def test_a_plan_from_before_a_migration_passes() -> None:
    error = errors.FeatureNotSupported("cached plan must not change result type")
    assert type(mapped(error)) is CatalogUnavailable
