"""Migrations on real servers: from nothing, again, by many at once, from earlier schemas."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from lateen.domain.errors import LateenError, SetupError
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.migrations import migrate, shipped
from tests.catalogs.attempts import version
from tests.catalogs.databases import url_of
from tests.servers.postgres import on_every_postgres

pytestmark = on_every_postgres

ROWS = Path(__file__).with_name("rows")
"""A script a migration, for a value in each column that it adds."""
SHIPPED = shipped()
NAMES = list(SHIPPED)
SCRIPTS = {
    "0001_numbers.sql": "CREATE TABLE numbers (n integer); INSERT INTO numbers VALUES (1)",
    "0002_more.sql": "INSERT INTO numbers VALUES (2)",
}
MIGRATE = """
import json, sys
from lateen.stores.catalog.migrations import migrate
sys.stdin.readline()
print(json.dumps(migrate(sys.argv[1])))
"""
numbers = count(1)


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"migrations_{next(numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield url_of(server, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def applied(url: str) -> list[str]:
    return [name for (name,) in rows(url, "SELECT name FROM migrations ORDER BY applied_at, name")]


def content(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in an order of their own."""
    tables = rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {
        table: [row for (row,) in rows(url, f"SELECT to_jsonb(t) FROM {table} t ORDER BY ctid")]
        for (table,) in tables
    }


def test_the_server_is_the_one_that_was_asked_for(
    server: str, request: pytest.FixtureRequest
) -> None:
    ((number,),) = rows(server, "SHOW server_version_num")
    assert int(number) // 10_000 == request.node.callspec.params["server"]


def test_an_empty_database_gets_the_newest_schema(url: str) -> None:
    assert migrate(url) == NAMES == applied(url)
    checksums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in SHIPPED.items()}
    assert dict(rows(url, "SELECT name, sha256 FROM migrations")) == checksums


def test_identifiers_of_the_database_are_uuids_of_version_7_that_begin_with_the_time(
    url: str,
) -> None:
    migrate(url)
    ((before, made, after),) = rows(
        url, "SELECT clock_timestamp(), ordered_uuid(), clock_timestamp() + interval '1 ms'"
    )
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert int(before.timestamp() * 1000) <= made.int >> 80 <= int(after.timestamp() * 1000) + 1
    ((count,),) = rows(url, "SELECT count(DISTINCT ordered_uuid()) FROM generate_series(1, 10000)")
    assert count == 10_000


def test_a_role_that_may_not_look_at_the_control_file_opens_the_catalog_too(url: str) -> None:
    migrate(url)
    execute(
        url,
        "CREATE ROLE limited_reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public"
        " TO limited_reader",
    )
    limited = urlsplit(url)
    host = limited.netloc.rpartition("@")[2]
    Catalog(urlunsplit(limited._replace(netloc=f"limited_reader@{host}"))).close()
    assert rows(url, "SELECT * FROM database_lives") == []
    execute(url, "DROP OWNED BY limited_reader; DROP ROLE limited_reader")


def test_again_changes_nothing(url: str) -> None:
    migrate(url)
    before = rows(url, "SELECT * FROM migrations ORDER BY name")
    assert migrate(url) == []
    assert rows(url, "SELECT * FROM migrations ORDER BY name") == before


def test_many_processes_at_once_apply_each_migration_once(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate() for process in processes]
    assert [errors for _, errors in ended] == [""] * 6
    done = sorted((json.loads(said) for said, _ in ended), key=len)
    assert done == [[]] * 5 + [NAMES]
    assert applied(url) == NAMES


@pytest.mark.parametrize("last", range(1, len(NAMES)), ids=lambda last: NAMES[last - 1])
def test_an_earlier_schema_with_rows_in_it_is_upgraded(url: str, last: int) -> None:
    earlier = NAMES[:last]
    assert migrate(url, {name: SHIPPED[name] for name in earlier}) == earlier
    for name in earlier:
        if (ROWS / name).exists():
            execute(url, (ROWS / name).read_text())
    before = content(url)
    assert [table for table, found in before.items() if not found] == []

    assert migrate(url) == NAMES[last:]

    after = content(url)
    for table in set(before) - {"migrations"}:
        kept = [{key: row.get(key) for key in before[table][0]} for row in after[table]]
        assert kept == before[table]
    check_use(url)


def check_use(url: str) -> None:
    """Looks at the rows of an earlier schema, and adds to them, as this version does."""
    catalog = Catalog(url)
    try:
        assert [model["name"] for model in catalog.reading.models()] == ["classifier"]
        run = catalog.reading.run(catalog.reading.run_id("training-1"))
        assert run["status"] == "Succeeded"
        made = catalog.attempts.publish({**version("iris", "more"), "lease": "tester"}, None, None)
        (found,) = catalog.reading.artifact_versions([made.id])
        assert found["number"] == 2
        assert [each["number"] for each in catalog.reading.versions_of_artifact("iris")] == [2, 1]
    finally:
        catalog.close()


def test_every_column_of_the_newest_schema_has_a_value_for_the_next_upgrade(url: str) -> None:
    migrate(url)
    for name in NAMES:
        if (ROWS / name).exists():
            execute(url, (ROWS / name).read_text())
    tables = content(url)
    assert [table for table, found in tables.items() if not found] == []
    columns = [(table, column) for table, found in tables.items() for column in found[0]]
    assert [
        (table, column)
        for table, column in columns
        if all(row[column] is None for row in tables[table])
    ] == [("migrations", "serves")]  # none of these scripts was ever served beside an older one


def test_a_changed_migration_is_refused(url: str) -> None:
    migrate(url, SCRIPTS)
    changed = {**SCRIPTS, "0001_numbers.sql": "CREATE TABLE numbers (n bigint)"}
    with pytest.raises(SetupError, match=r"0001_numbers\.sql was applied with other contents"):
        migrate(url, changed)
    assert rows(url, "SELECT n FROM numbers ORDER BY n") == [(1,), (2,)]


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    migrate(url, SCRIPTS)
    with pytest.raises(SetupError, match=r"newer Lateen \(0002_more\.sql\).*pip install -U lateen"):
        migrate(url, {"0001_numbers.sql": SCRIPTS["0001_numbers.sql"]})


ADDED = {**SCRIPTS, "0003_added.sql": "-- serves: 0002_more.sql\nCREATE TABLE added ()"}
FURTHER = {**ADDED, "0004_further.sql": "-- serves: 0003_added.sql\nCREATE TABLE further ()"}


def test_what_only_adds_serves_those_who_are_older(url: str) -> None:
    migrate(url, FURTHER)
    assert migrate(url, ADDED) == []
    with pytest.raises(SetupError, match=r"newer Lateen \(0004_further\.sql\)"):
        migrate(url, SCRIPTS)
    assert applied(url) == list(FURTHER)


def test_who_is_older_still_refuses_scripts_that_were_changed(url: str) -> None:
    migrate(url, ADDED)
    with pytest.raises(SetupError, match=r"0002_more\.sql was applied with other contents"):
        migrate(url, {**SCRIPTS, "0002_more.sql": "SELECT 1"})


def test_a_catalog_goes_on_beside_a_newer_lateen(url: str) -> None:
    opened = Catalog(url)
    added = f"-- serves: {NAMES[-1]}\nALTER TABLE runs ADD COLUMN added text"
    assert migrate(url, {**SHIPPED, "9999_added.sql": added}) == ["9999_added.sql"]
    later = Catalog(url)
    for catalog in (opened, later):
        catalog.attempts.publish(version("iris", "more"), None, None)
        catalog.close()


def test_a_script_that_belongs_before_what_was_applied_is_refused(url: str) -> None:
    migrate(url, ADDED)
    with pytest.raises(SetupError, match=r"0003_added\.sql, before .* would apply 0002b_late\.sql"):
        migrate(url, {**SCRIPTS, "0002b_late.sql": "SELECT 1"})
    assert applied(url) == list(ADDED)


def test_who_is_refused_waits_for_nobody_who_reads(url: str) -> None:
    migrate(url, FURTHER)
    with psycopg.connect(url) as dump:
        dump.execute("LOCK TABLE migrations IN ACCESS SHARE MODE")
        with pytest.raises(SetupError, match="newer Lateen"):
            migrate(url, SCRIPTS)
        assert migrate(url, FURTHER) == []


def test_a_database_that_knows_nothing_of_who_is_served_is_taken_as_it_is(url: str) -> None:
    migrate(url, SCRIPTS)
    execute(url, "ALTER TABLE migrations DROP COLUMN serves")
    assert migrate(url, SCRIPTS) == []
    with pytest.raises(SetupError, match="newer Lateen"):
        migrate(url, {"0001_numbers.sql": SCRIPTS["0001_numbers.sql"]})
    assert migrate(url, ADDED) == ["0003_added.sql"]


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(url: str) -> None:
    failing = {**SCRIPTS, "0002_more.sql": "INSERT INTO numbers VALUES (3); SELECT 1/0"}
    with pytest.raises(LateenError, match="division by zero"):
        migrate(url, failing)
    assert rows(url, "SELECT n FROM numbers") == [(1,)]
    assert migrate(url, SCRIPTS) == ["0002_more.sql"]
    assert rows(url, "SELECT n FROM numbers ORDER BY n") == [(1,), (2,)]


def test_a_role_that_may_not_make_tables_is_told_what_it_lacks(server: str, url: str) -> None:
    execute(server, "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    execute(url, "REVOKE CREATE ON SCHEMA public FROM public")
    parts = urlsplit(url)
    theirs = urlunsplit(parts._replace(netloc=f"reader@{parts.netloc.rpartition('@')[2]}"))
    with pytest.raises(SetupError, match=r"permission denied.*grant it CREATE"):
        migrate(theirs)
    assert content(url) == {}
