"""The object store is chosen by its URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lateen.domain.errors import SetupError
from lateen.stores.objects import opened, shown
from lateen.stores.objects.directory import DirectoryStore


@pytest.mark.parametrize("form", [str, Path, Path.as_uri, lambda path: f"file://localhost{path}"])
def test_a_path_or_a_file_url_is_a_directory(tmp_path, form):
    store = opened(form(tmp_path / "käse & wein"))
    assert isinstance(store, DirectoryStore)
    assert store.uri == (tmp_path / "käse & wein").as_uri()
    assert list(tmp_path.iterdir()) == []


def test_what_is_shown_is_a_path_or_a_url():
    assert shown("file:///a/b") == shown("/a/b") == "/a/b"
    assert shown("s3://models?region=r").startswith("s3://models?endpoint=https://")


@pytest.mark.parametrize("url", ["gs://bucket", "https://host/bucket", "://", "s4://key:hidden@b"])
def test_another_scheme_is_refused_with_those_that_are_known(url):
    with pytest.raises(SetupError, match=r"file:///path.*s3://BUCKET") as raised:
        opened(url)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("url", ["file://store", "file://host/store", "file://"])
def test_a_file_url_of_another_computer_is_refused(url):
    with pytest.raises(SetupError, match="three slashes"):
        opened(url)


def test_without_the_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "minio", None)
    with pytest.raises(SetupError, match=r"pip install 'lateen\[s3\]'"):
        opened("s3://models")


def test_a_directory_needs_no_client():
    code = (
        "import sys; from lateen.stores.objects import opened; opened('/tmp');"
        "sys.exit(bool({'minio', 'urllib3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
