"""Other stores than the namespace's are noticed; another way to the same servers is none."""

from __future__ import annotations

import pytest

from lateen.cluster.stores import differing

HELD = {
    "LATEEN_DATABASE_URL": "postgresql://u:p@postgres.stores:5432/iris?sslmode=require",
    "LATEEN_STORE_URL": "s3://lateen/iris?endpoint=http://minio.stores:9000",
}


@pytest.mark.parametrize(
    ("name", "url", "differs"),
    [
        ("LATEEN_DATABASE_URL", "postgres://me@localhost:15432/iris", False),
        ("LATEEN_DATABASE_URL", "postgresql://u:p@postgres.stores:5432/wine", True),
        ("LATEEN_DATABASE_URL", "host=db dbname=wine", False),
        ("LATEEN_DATABASE_URL", "postgresql://[/wine", False),
        ("LATEEN_STORE_URL", "s3://lateen/iris/?endpoint=http://localhost:9000", False),
        ("LATEEN_STORE_URL", "s3://lateen/wine?endpoint=http://minio.stores:9000", True),
        ("LATEEN_STORE_URL", "s3://other/iris?endpoint=http://minio.stores:9000", True),
        ("LATEEN_STORE_URL", "/a/folder", False),
    ],
)
def test_names_are_compared_and_hosts_are_not(name: str, url: str, differs: bool) -> None:
    assert differing(HELD, {**HELD, name: url}) == ([name] if differs else [])


def test_what_a_secret_does_not_hold_is_not_compared() -> None:
    assert differing({}, HELD) == []
