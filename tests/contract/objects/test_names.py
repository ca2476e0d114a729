"""Names that a store must never meet, and odd ones that it must carry: the same on every store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lateen.domain.errors import MaterializerError, UserError
from lateen.step.operations import Operations
from lateen.step.ports import ObjectStore, Stores
from lateen.stores.catalog.catalog import Catalog

HOSTILE = ["a/b", "/etc/passwd", "..", "../../x", "a\0b", "a\nb", "a" * 10_000]
ODD = {
    "dots": "...",
    "option": "-rf",
    "home": "~",
    "escaped": "%2e%2e%2fx",
    "query": "a?b=c&d#e",
    "colon": "a:b",
    "space": " ",
    "quotes": "'; DROP TABLE runs; --",
    "shell": "$(reboot) *",
    "from right to left": "a\u202eb",
    "as long as a name may be": "x" * 255,
    "as long as a path may be": "/".join(["y" * 255] * 4),
}
REFUSED = {
    "newline": b"a\nb",
    "no UTF-8": b"\xff",
    "backslash": b"..\\x",
    "10,000 characters": b"/".join([b"d" * 250] * 40),
}


@pytest.fixture
def catalog(emptied: Callable[[], str]) -> Iterator[Catalog]:
    """An empty catalog."""
    catalog = Catalog(emptied())
    yield catalog
    catalog.close()


@pytest.fixture
def client(catalog: Catalog, objects: ObjectStore, tmp_path: Path) -> Operations:
    """What a client outside of steps asks."""
    return Operations(Stores(catalog, objects), tmp_path / "scratch", "tester")


def saved(client: Operations, folder: str, name: str = "odd", version: str | None = None) -> Any:
    named = {"name": name, "version": version}
    form = {"format": "directory", "type": "pathlib.PosixPath", "materializer": "x.Y"}
    return client.call("save_artifact", directory=folder, kind="data", **form, **named)


def given_out(client: Operations, path: bytes) -> str:
    """A folder to be saved, with a file at the path, however long that is."""
    folder = str(client.call("new_directory")["path"])
    *above, name = path.split(b"/")
    place = os.open(folder, os.O_RDONLY)
    for each in above:
        os.mkdir(each, dir_fd=place)
        inner = os.open(each, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    file = os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=place)
    os.write(file, b"content")
    os.close(file)
    os.close(place)
    return folder


def check_nothing_is_there(catalog: Catalog, objects: ObjectStore) -> None:
    assert list(objects.blobs()) == []
    assert catalog.reading.artifacts() == []


@pytest.mark.parametrize("given", ["name", "version"])
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda name: repr(name[:20]))
def test_an_artifact_of_a_hostile_name_is_refused_and_nothing_is_stored(
    client: Operations, catalog: Catalog, objects: ObjectStore, given: str, hostile: str
) -> None:
    with pytest.raises(UserError) as refused:
        saved(client, given_out(client, b"file"), **{given: hostile})
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500
    check_nothing_is_there(catalog, objects)


@pytest.mark.parametrize("path", ODD.values(), ids=ODD)
def test_a_file_of_an_odd_name_comes_back_under_it(client: Operations, path: str) -> None:
    version = saved(client, given_out(client, path.encode()))
    fetched = Path(client.call("fetch", id=version["id"])["path"])
    files = [found for found in fetched.rglob("*") if found.is_file()]
    assert [str(found.relative_to(fetched)) for found in files] == [path]
    assert files[0].read_bytes() == b"content"


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED)
def test_a_file_of_a_name_that_no_manifest_holds_is_named_and_nothing_is_stored(
    client: Operations, catalog: Catalog, objects: ObjectStore, path: bytes
) -> None:
    with pytest.raises(MaterializerError, match=r"rename it|shorten it|save it flatter") as refused:
        saved(client, given_out(client, path))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500
    check_nothing_is_there(catalog, objects)
