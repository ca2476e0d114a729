"""Other stores than the namespace's are noticed; another way to the same servers is none."""

from __future__ import annotations

import base64

import pytest
from kubernetes.client import Configuration

from lateen.cluster.kubeconfig import Login
from lateen.cluster.server import Server
from lateen.cluster.stores import Difference, differing, warn_of_stores
from lateen.domain.errors import SetupError

HELD = {
    "LATEEN_DATABASE_URL": "postgresql://u:p@postgres.stores:5432/iris?sslmode=require",
    "LATEEN_STORE_URL": "s3://lateen/iris?endpoint=http://minio.stores:9000",
}


@pytest.mark.parametrize(
    ("name", "url", "differs"),
    [
        ("LATEEN_DATABASE_URL", "postgres://me@localhost:15432/iris", False),
        ("LATEEN_DATABASE_URL", "postgresql://u:p@postgres.stores:5432/wine", True),
        ("LATEEN_DATABASE_URL", "postgresql://u:p@localhost/%69ris", False),
        ("LATEEN_DATABASE_URL", "postgresql://u:half/other-half@localhost/wine", False),
        ("LATEEN_DATABASE_URL", "host=db dbname=wine", False),
        ("LATEEN_DATABASE_URL", "postgresql://[/wine", False),
        ("LATEEN_STORE_URL", "s3://lateen/iris/?endpoint=http://localhost:9000", False),
        ("LATEEN_STORE_URL", "s3://lateen/wine?endpoint=http://minio.stores:9000", True),
        ("LATEEN_STORE_URL", "s3://other/iris?endpoint=http://minio.stores:9000", True),
        ("LATEEN_STORE_URL", "s3://lateen/%69ris", False),
        ("LATEEN_STORE_URL", "/a/folder", False),
    ],
)
def test_names_are_compared_and_hosts_are_not(name: str, url: str, differs: bool) -> None:
    found = [each.variable for each in differing(HELD, {**HELD, name: url})]
    assert found == ([name] if differs else [])


def test_what_a_secret_does_not_hold_is_not_compared() -> None:
    assert differing({}, HELD) == []


def test_both_places_are_named() -> None:
    here = {**HELD, "LATEEN_STORE_URL": "s3://lateen/red%20wine"}
    assert differing(HELD, here) == [
        Difference("LATEEN_STORE_URL", "bucket and prefix", "lateen/red wine", "lateen/iris")
    ]


class Holding(Server):
    """A namespace with this Secret, or one that may not be read."""

    def __init__(self, held: dict[str, str] | None) -> None:
        super().__init__(Login("kind", "words", Configuration(host="http://127.0.0.1:1")))
        self.held = held

    def secret(self, name: str) -> dict[str, str]:
        if self.held is None:
            raise SetupError("you may not read it")
        return {key: base64.b64encode(text.encode()).decode() for key, text in self.held.items()}


def test_a_difference_is_told_without_credentials_and_refuses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LATEEN_DATABASE_URL", "postgresql://me:secret-here@pooler/wine?password=x")
    monkeypatch.setenv("LATEEN_STORE_URL", HELD["LATEEN_STORE_URL"])
    warn_of_stores(Holding(HELD | {"LATEEN_DATABASE_URL": "postgresql://u:secret-there@db/iris"}))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        "warning: LATEEN_DATABASE_URL here names the database 'wine', there it is 'iris'"
        " (the Secret lateen-stores of the namespace 'words' of 'kind')."
    )
    assert "secret-" not in printed.err
    assert "password" not in printed.err
    assert "LATEEN_STORE_URL" not in printed.err


@pytest.mark.parametrize("held", [None, HELD])
def test_nothing_is_told_where_nothing_differs_or_the_secret_may_not_be_read(
    held: dict[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, url in HELD.items():
        monkeypatch.setenv(name, url)
    warn_of_stores(Holding(held))
    assert capsys.readouterr().err == ""
