from __future__ import annotations

import copy
import os
import pickle
import stat
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lateen.client import ArtifactVersionView
from lateen.domain.errors import MaterializerError, UserError
from tests.unit.client.children import ended_well, forked
from tests.unit.client.memory import artifact_version, full_run


def test_a_view_has_what_the_catalog_recorded():
    view = ArtifactVersionView(artifact_version())
    assert (view.id[:8], view.name, view.version, view.number) == ("4f0c2a9e", "scores", "3", 3)
    assert (view.digest, view.kind, view.type) == ("sha256:ab12", "data", "builtins.list")
    assert (view.uri, view.size, view.tags) == ("file:///store/scores/3", 17, ("small",))
    assert view.created == datetime(2026, 3, 1, 12, 30, 0, 250000, tzinfo=UTC)
    assert view.run_metadata == {"rows": 3}


def test_a_view_in_part_fetches_the_rest_and_keeps_what_it_was_given(answering):
    catalog = answering(details=artifact_version(version="4"))
    view = ArtifactVersionView({"id": "4f0c", "version": "3"})
    assert (view.name, view.version, view.size) == ("scores", "3", 17)
    assert catalog.asked("details") == [{"artifact_version": "4f0c"}]


def test_run_and_producer_step_lead_to_history(answering):
    answering(run=full_run(1))
    view = ArtifactVersionView(artifact_version())
    assert view.run.name == "training-1"
    assert view.producer_step.name == "score"


def test_what_was_saved_by_hand_has_no_run():
    view = ArtifactVersionView(artifact_version(run=None, step=None))
    assert view.run is None
    assert view.producer_step is None


def test_load_reads_the_files_anew_and_data_keeps_the_value(answering, saved):
    catalog = answering(fetch=saved([1, 2, 3]))
    view = ArtifactVersionView(artifact_version())
    assert view.load() == view.read() == [1, 2, 3]
    assert view.load() is not view.load()
    assert view.data is view.data
    assert catalog.asked("fetch") == [{"id": view.id}] * 5


def test_a_pickle_is_loaded_where_its_author_allowed_it_alone(answering, saved):
    fetched = saved({1, object}, allow_pickle=True)
    answering(fetch=fetched)
    assert ArtifactVersionView(artifact_version()).load() == {1, object}
    answering(fetch={**fetched, "pickled": False})
    with pytest.raises(MaterializerError):
        ArtifactVersionView(artifact_version()).load()


def test_public_attributes_and_calls_go_to_the_value(answering, saved):
    answering(fetch=saved("a text"))
    view = ArtifactVersionView(artifact_version())
    assert view.upper() == "A TEXT"
    assert view.startswith("a ")


def test_operators_and_conversions_go_to_the_value(answering, saved):
    answering(fetch=saved(7))
    view = ArtifactVersionView(artifact_version())
    assert (view + 1, 1 + view, view - 1, 10 - view, -view, 2**view) == (8, 8, 6, 3, -7, 128)
    assert (view == 7, view != 7, view > 6, view <= 6, view < 8) == (True, False, True, False, True)
    assert (int(view), float(view), round(view), bool(view)) == (7, 7.0, 7, True)
    assert ("abcdefgh"[view], divmod(view, 4), hash(view)) == ("h", (1, 3), hash(7))
    assert (f"{view:03d}", view + view, view == view) == ("007", 14, True)  # noqa: PLR0124


def test_containers_are_used_through_the_view(answering, saved):
    answering(fetch=saved(["a", "b"]))
    view = ArtifactVersionView(artifact_version())
    assert (view[0], view[-1:], len(view), list(view)) == ("a", ["b"], 2, ["a", "b"])
    assert "a" in view
    assert list(reversed(view)) == ["b", "a"]


def test_views_are_used_with_views(answering, saved):
    answering(fetch=saved("a text"))
    view, twin = (ArtifactVersionView(artifact_version()) for _ in range(2))
    assert view in twin
    assert view + twin == "a texta text"


def test_the_truth_of_a_view_is_its_value_s(answering, saved):
    answering(fetch=saved(0))
    assert not ArtifactVersionView(artifact_version())


def test_numpy_takes_a_view_as_the_array(answering, saved):
    np = pytest.importorskip("numpy", reason="pip install 'lateen[examples]'")
    answering(fetch=saved(np.arange(3)))
    view = ArtifactVersionView(artifact_version())
    assert np.sum(view) == 3
    assert (np.asarray(view, dtype=float) * view).tolist() == [0.0, 1.0, 4.0]
    assert view.data.size == 3
    assert view.size == 17


def test_a_registered_file_opens_through_the_view(answering, saved, tmp_path):
    source = tmp_path / "notes.txt"
    source.write_text("hello")
    answering(fetch=saved(source))
    assert Path(ArtifactVersionView(artifact_version())).read_text() == "hello"


def test_private_names_and_repr_never_load(answering):
    catalog = answering()
    view = ArtifactVersionView(artifact_version())
    for name in ("_repr_html_", "__array_interface__", "_ipython_canary_method_"):
        assert not hasattr(view, name)
    assert f"{view!r} {view}" == " ".join(["<artifact 'scores' version 3 (4f0c2a9e)>"] * 2)
    assert repr(ArtifactVersionView({"id": "4f0c"})) == "<artifact version 4f0c>"
    assert catalog.calls == []


def test_an_attribute_that_nobody_has_names_the_nearest_of_the_value(answering, saved):
    answering(fetch=saved("a text"))
    with pytest.raises(AttributeError, match=r"a str, has the attribute 'uper'; did you mean"):
        ArtifactVersionView(artifact_version()).uper()


def test_threads_that_ask_at_once_load_once(answering, saved):
    fetched, all_there = saved([1]), threading.Barrier(4)
    catalog = answering(fetch=fetched)
    view = ArtifactVersionView(artifact_version())

    def use(_: int) -> int:
        all_there.wait(10)
        return id(view.data)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(use, range(4)))) == 1
    assert len(catalog.asked("fetch")) == 1


def test_a_fork_while_another_thread_loads_can_load_itself(answering, saved):
    fetched, loading, loaded = saved([1, 2]), threading.Event(), threading.Event()
    parent = os.getpid()

    def fetch(id: str) -> dict[str, object]:
        if os.getpid() == parent:
            loading.set()
            loaded.wait(30)
        return fetched

    answering(fetch=fetch)
    view = ArtifactVersionView(artifact_version())
    loader = threading.Thread(target=lambda: view.data)
    loader.start()
    loading.wait(10)
    child = forked(lambda: view.data == [1, 2])
    assert ended_well(child)
    loaded.set()
    loader.join()


def test_a_view_is_pickled_and_copied_by_what_it_names(answering, saved):
    catalog = answering(fetch=saved([1, 2, 3]))
    view = ArtifactVersionView(artifact_version())
    assert view.data == [1, 2, 3]
    for twin in (pickle.loads(pickle.dumps(view)), copy.deepcopy(view)):
        assert twin.id == view.id
        assert len(catalog.asked("fetch")) == 1
    assert pickle.loads(pickle.dumps(view)).data == [1, 2, 3]


def test_a_pipeline_body_pins_the_version_of_a_view(answering):
    assert ArtifactVersionView(artifact_version()).__lateen_pinned__.startswith("4f0c2a9e")


def test_files_are_downloaded_into_a_directory(answering, tmp_path):
    answering(fetch=_fetched(tmp_path))
    view = ArtifactVersionView(artifact_version())
    assert view.download_files(tmp_path / "new" / "copy") == tmp_path / "new" / "copy"
    assert (tmp_path / "new" / "copy" / "inner" / "b.txt").read_text() == "b"
    assert (tmp_path / "new" / "copy" / "a.txt").stat().st_mode & stat.S_IWUSR


def test_files_are_downloaded_into_a_zip(answering, tmp_path):
    answering(fetch=_fetched(tmp_path))
    ArtifactVersionView(artifact_version()).download_files(str(tmp_path / "all.zip"))
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {name for name in archive.namelist() if not name.endswith("/")} == {
            "a.txt",
            "inner/b.txt",
        }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "fetched"]


@pytest.mark.parametrize("name", ["copy", "all.zip"])
def test_a_download_overwrites_only_when_told_to(answering, tmp_path, name):
    answering(fetch=_fetched(tmp_path))
    view = ArtifactVersionView(artifact_version())
    view.download_files(tmp_path / name)
    with pytest.raises(UserError, match="overwrite=True"):
        view.download_files(tmp_path / name)
    view.download_files(tmp_path / name, overwrite=True)


def _fetched(tmp_path: Path) -> dict[str, object]:
    directory = tmp_path / "fetched"
    (directory / "inner").mkdir(parents=True)
    for name in ("a.txt", "inner/b.txt"):
        (directory / name).write_text(Path(name).stem)
        (directory / name).chmod(0o444)
    return {"path": str(directory)}
