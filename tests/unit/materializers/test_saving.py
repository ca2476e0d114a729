from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.domain.kinds import ArtifactType, VisualizationType
from lateen.materializers import BaseMaterializer, Saved, find, load, register, rescue, save
from tests.unit.materializers.examples import Color, Config, Plain, Shape, Word
from tests.unit.materializers.round_trip import content, load_saved, round_trip

EXAMPLES = "tests.unit.materializers.examples"


class PlainMaterializer(BaseMaterializer):
    """A helper without types, so that only the tests that want it register it."""

    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL

    def save(self, data: Any) -> None:
        with self.artifact_store.open(f"{self.uri}/plain.txt", "w") as file:
            file.write(type(data).__name__)

    def load(self, data_type: type[Any]) -> Any:
        with self.artifact_store.open(f"{self.uri}/plain.txt") as file:
            return data_type() if file.read() == data_type.__name__ else None


def registered(*types: type[Any], name: str = "Registered") -> type[BaseMaterializer]:
    """A new materializer class that its definition registers."""
    return type(name, (PlainMaterializer,), {"ASSOCIATED_TYPES": types})


def test_a_materializer_is_registered_by_its_definition(tmp_path: Path) -> None:
    assert find(Plain) is None
    materializer = registered(Plain)
    assert find(Plain) is materializer
    assert type(round_trip(Plain(), tmp_path)) is Plain


def test_a_helper_without_types_registers_nothing() -> None:
    type("Helper", (BaseMaterializer,), {})
    assert find(object) is None


def test_the_newest_registration_wins() -> None:
    first = registered(Plain)
    second = registered(Plain)
    assert find(Plain) is second
    register(first)
    assert find(Plain) is first


def test_a_registration_wins_over_a_built_in() -> None:
    for cls in (int, list, np.ndarray, pd.DataFrame, Config, Color, Path):
        assert find(cls) is not registered(cls), "only lookups after it are meant"
        assert find(cls).__name__ == "Registered"


def test_a_registration_for_a_base_wins_over_a_built_in() -> None:
    materializer = registered(BaseEstimator)
    assert find(LogisticRegression) is materializer


def test_the_nearest_base_wins_over_a_newer_registration() -> None:
    near = registered(Word)
    registered(str)
    assert find(type("Noun", (Word,), {})) is near


def test_a_registration_for_object_serves_only_what_nothing_else_does() -> None:
    materializer = registered(object)
    assert find(Plain) is materializer
    assert find(int) is not materializer


@pytest.mark.parametrize("types", [Plain, [Plain], ("Plain",)], ids=["class", "list", "name"])
def test_types_that_are_no_tuple_of_classes_are_refused(types: Any) -> None:
    with pytest.raises(MaterializerError, match="must be a tuple of classes"):
        type("Wrong", (BaseMaterializer,), {"ASSOCIATED_TYPES": types})


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(MaterializerError, match=r"such as ArtifactType\.DATA"):
        type(
            "Wrong",
            (BaseMaterializer,),
            {"ASSOCIATED_TYPES": (Plain,), "ASSOCIATED_ARTIFACT_TYPE": "model"},
        )


def test_what_was_saved_is_recorded(tmp_path: Path) -> None:
    registered(Plain)
    assert save(Plain(), tmp_path) == Saved(
        format="custom",
        type=f"{EXAMPLES}.Plain",
        materializer="tests.unit.materializers.test_saving.Registered",
        kind=ArtifactType.MODEL,
        metadata={},
        visualizations={},
        pickled=False,
    )


def test_a_materializer_that_is_named_for_the_output_comes_before_all_others(
    tmp_path: Path,
) -> None:
    saved = save(Plain(), tmp_path, materializer=PlainMaterializer)
    assert saved.materializer.endswith(".PlainMaterializer")
    assert type(load_saved(saved, tmp_path)) is Plain


def test_registered_values_in_a_container_have_files_of_their_own(tmp_path: Path) -> None:
    registered(Word, Plain)
    saved = save([Word("x"), {"c": Plain()}, 3], tmp_path)
    assert saved.format == "container"
    assert sorted(content(tmp_path)) == ["0/plain.txt", "1/plain.txt", "data.json"]
    found = load_saved(saved, tmp_path)
    assert type(found[0]) is Word


def test_a_registration_for_a_plain_class_holds_inside_containers_too(tmp_path: Path) -> None:
    registered(int)
    saved = save({"a": [7, "text"]}, tmp_path)
    assert sorted(content(tmp_path)) == ["0/plain.txt", "data.json"]
    assert load_saved(saved, tmp_path) == {"a": [0, "text"]}


def test_an_annotation_helps_where_the_class_has_no_materializer(tmp_path: Path) -> None:
    class Meta(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, Plain)

    interface = Meta("PlainLike", (), {})
    materializer = registered(interface)
    assert save(Plain(), tmp_path, annotation=interface).materializer.endswith("Registered")
    assert materializer is find(interface)


def test_an_unknown_class_is_named_with_all_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTypeError) as caught:
        save(Plain(), tmp_path, annotation=ClassifierMixin)
    for part in (f"{EXAMPLES}.Plain", "BaseMaterializer", "output_materializers=", "allow_pickle"):
        assert part in str(caught.value)


def test_pickle_is_used_only_on_demand_and_recorded(tmp_path: Path) -> None:
    saved = save(Plain(), tmp_path, allow_pickle=True)
    assert (saved.format, saved.pickled, saved.type) == ("pickle", True, f"{EXAMPLES}.Plain")
    assert type(load_saved(saved, tmp_path, allow_pickle=True)) is Plain


def test_pickle_is_not_used_where_another_format_will_do(tmp_path: Path) -> None:
    saved = save({"a": np.arange(3)}, tmp_path, allow_pickle=True)
    assert (saved.format, saved.pickled) == ("container", False)


def test_a_pickle_is_not_loaded_without_being_asked_for(tmp_path: Path) -> None:
    saved = save(Plain(), tmp_path, allow_pickle=True)
    with pytest.raises(MaterializerError, match="runs code"):
        load_saved(saved, tmp_path)


def test_a_pickle_in_a_container_is_recorded_and_not_loaded_unasked(tmp_path: Path) -> None:
    saved = save([1, {"a": Plain()}], tmp_path, allow_pickle=True)
    assert (saved.format, saved.pickled) == ("container", True)
    with pytest.raises(MaterializerError, match="runs code"):
        load_saved(saved, tmp_path)
    assert load_saved(saved, tmp_path, allow_pickle=True)[0] == 1


def test_a_container_that_cannot_hold_a_pickle_is_pickled_whole(tmp_path: Path) -> None:
    saved = save([np.arange(3), {Plain()}], tmp_path, allow_pickle=True)
    assert saved.format == "pickle"
    assert list(content(tmp_path)) == ["data.pickle"]


def test_what_cannot_even_be_pickled_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(MaterializerError, match="cannot even be pickled"):
        save(lambda: None, tmp_path, allow_pickle=True)


def test_a_rescue_file_holds_the_value(tmp_path: Path) -> None:
    path = rescue(Plain(), tmp_path / "rescue")
    assert path is not None
    assert type(pickle.loads(path.read_bytes())) is Plain


def test_what_cannot_be_rescued_leaves_no_file(tmp_path: Path) -> None:
    assert rescue(lambda: None, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_rescued(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    assert rescue(1, taken) is None
    assert taken.read_text() == "no folder"


def test_a_failure_in_a_users_materializer_is_kept_as_the_cause(tmp_path: Path) -> None:
    def fail(self: Any, data: Any) -> None:
        raise ZeroDivisionError("no disk")

    type("Failing", (BaseMaterializer,), {"ASSOCIATED_TYPES": (Plain,), "save": fail})
    with pytest.raises(
        MaterializerError, match=r"Failing failed to save .*Plain.*no disk"
    ) as caught:
        save(Plain(), tmp_path)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_materializer_without_methods_says_what_is_missing(tmp_path: Path) -> None:
    empty = type("Empty", (BaseMaterializer,), {"ASSOCIATED_TYPES": (Plain,)})
    with pytest.raises(MaterializerError, match="define save"):
        save(Plain(), tmp_path)
    with pytest.raises(MaterializerError, match="define load"):
        empty(tmp_path).load(Plain)


def test_a_materializer_is_found_in_what_the_caller_trusts(tmp_path: Path) -> None:
    record = {"format": "custom", "type": f"{EXAMPLES}.Plain", "materializer": "gone.Materializer"}
    save(Plain(), tmp_path, materializer=PlainMaterializer)
    found = load(tmp_path, **record, trusted={"gone.Materializer": PlainMaterializer})
    assert type(found) is Plain
    found = load(tmp_path, **record, trusted=lambda name: PlainMaterializer)
    assert type(found) is Plain


@pytest.mark.parametrize("name", ["gone.Materializer", "os.path", "os.PathLike", "", "a b.C"])
def test_a_materializer_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(MaterializerError, match=f"materializer {name},"):
        load(tmp_path, format="custom", type="x.Y", materializer=name)


def test_a_materializer_is_imported_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "late_materializers.py").write_text(
        "from lateen.materializers import BaseMaterializer\n"
        "class Outer:\n"
        "    class Inner(BaseMaterializer):\n"
        "        def load(self, data_type): return data_type\n"
    )
    name = "late_materializers.Outer.Inner"
    assert load(tmp_path, format="custom", type="gone.Y", materializer=name) is object


def test_the_class_of_the_annotation_stands_in_for_one_that_is_gone(tmp_path: Path) -> None:
    save(Plain(), tmp_path, materializer=PlainMaterializer)
    name = f"{__name__}.PlainMaterializer"
    found = load(tmp_path, format="custom", type="gone.Plain", materializer=name, annotation=Plain)
    assert type(found) is Plain


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(MaterializerError, match=r"'feather'.*parquet.*Upgrade"):
        load(tmp_path, format="feather", type="", materializer="")


def test_files_that_are_gone_are_an_error_of_ours(tmp_path: Path) -> None:
    for format in ("json", "container", "npy", "parquet", "skops", "bytes"):
        with pytest.raises(MaterializerError, match="FileNotFoundError"):
            load(tmp_path, format=format, type="x.Y", materializer="m")


class Shown(PlainMaterializer):
    """A materializer with visualizations and metadata."""

    where = "inside"

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        path = Path(self.uri) / "plots" / "plot.html"
        self.artifact_store.makedirs(path.parent)
        path.write_text("<p>")
        outside = Path(self.uri).parent / "outside.html"
        outside.write_text("<p>")
        paths = {"inside": str(path), "relative": "plots/plot.html", "outside": str(outside)}
        return {paths.get(self.where, "gone.html"): VisualizationType.HTML}

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"size": 3}


@pytest.mark.parametrize("where", ["inside", "relative"])
def test_visualizations_and_metadata_are_recorded(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "where", where)
    saved = save(Plain(), tmp_path / "artifact", materializer=Shown)
    assert saved.visualizations == {"plots/plot.html": "html"}
    assert saved.metadata == {"size": 3}


def test_visualizations_of_items_are_those_of_their_container(tmp_path: Path) -> None:
    type("ShownPlain", (Shown,), {"ASSOCIATED_TYPES": (Plain,)})
    saved = save([1, Plain(), Plain()], tmp_path / "artifact")
    assert saved.visualizations == {"0/plots/plot.html": "html", "1/plots/plot.html": "html"}


@pytest.mark.parametrize("where", ["outside", "missing"])
def test_a_visualization_outside_the_artifact_is_refused(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "where", where)
    with pytest.raises(MaterializerError, match=r"no file under self\.uri"):
        save(Plain(), tmp_path / "artifact", materializer=Shown)


def test_the_local_store_offers_what_materializers_call(tmp_path: Path) -> None:
    store = PlainMaterializer(tmp_path).artifact_store
    store.makedirs(tmp_path / "a" / "b")
    store.makedirs(tmp_path / "a" / "b")
    with store.open(str(tmp_path / "a" / "x.txt"), "w") as file:
        file.write("ä")
    with store.open(tmp_path / "a" / "x.txt", "rb") as file:
        assert file.read() == "ä".encode()
    assert store.listdir(tmp_path / "a") == ["b", "x.txt"]
    assert store.isdir(tmp_path / "a")
    store.remove(tmp_path / "a" / "x.txt")
    assert not store.exists(tmp_path / "a" / "x.txt")


def test_a_plain_base_is_no_reason_to_save_a_subclass() -> None:
    assert find(Shape) is None
