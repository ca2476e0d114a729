"""Steps are named so that the archive's search path leads to them, or it is said why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lateen.cluster.imports import Imports
from lateen.domain.errors import SetupError
from lateen.domain.spec import OutputSpec, PipelineSpec, StepSpec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("flows/train.py", "src/pkg/flow.py", "src/pkg/__init__.py", "odd-name/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Lets this process have a module of a name and a file."""

    def have(name: str, file: Path | str | None) -> None:
        made = ModuleType(name)
        if file is not None:
            made.__file__ = str(file)
        monkeypatch.setitem(sys.modules, name, made)

    return have


def spec(entrypoint: str, materializer: str | None = None) -> PipelineSpec:
    outputs = (OutputSpec("out", materializer=materializer),)
    return PipelineSpec(
        "p", steps=(StepSpec("load", "load", entrypoint=entrypoint, outputs=outputs),)
    )


def named(imports: Imports, entrypoint: str) -> str | None:
    return imports.applied(spec(entrypoint)).steps[0].entrypoint


def test_the_search_path_is_what_of_it_lies_in_the_project(root: Path) -> None:
    (root / ".venv" / "lib").mkdir(parents=True)
    search = [root / "flows", root, root / "src", root / "gone", root / ".venv" / "lib", "/usr/lib"]
    imports = Imports.of(root, [*map(str, search), str(root / "flows")])
    assert imports.folders == ("flows", "src")
    assert imports.applied(spec("any:f")).code_path == ("flows", "src")


def test_the_folder_of_the_script_that_runs_is_no_place_of_the_project(root: Path) -> None:
    """``sys.path[0]`` of ``lateen`` is the ``bin`` of its virtual environment."""
    (root / "v" / "bin").mkdir(parents=True)
    (root / "v" / "pyvenv.cfg").touch()
    assert Imports.of(root, [str(root / "v" / "bin"), str(root / "src")]).folders == ("src",)


def test_an_empty_entry_is_where_the_process_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "flows")
    assert Imports.of(root, [""]).folders == ("flows",)


def test_a_module_keeps_its_name_where_the_path_leads_to_it(root: Path, module) -> None:
    imports = Imports.of(root, [str(root / "src"), str(root / "flows")])
    module("pkg", root / "src/pkg/__init__.py")
    module("pkg.flow", root / "src/pkg/flow.py")
    module("train", root / "flows/train.py")
    assert named(imports, "pkg:f") == "pkg:f"
    assert named(imports, "pkg.flow:Class.f") == "pkg.flow:Class.f"
    assert named(imports, "train:f") == "train:f"


def test_a_script_and_a_module_by_path_are_named_from_the_root(root: Path, module) -> None:
    imports = Imports.of(root, [])
    module("__main__", root / "flows/train.py")
    module("lateen_file_train", root / "flows/train.py")
    assert named(imports, "__main__:f") == "flows.train:f"
    assert named(imports, "lateen_file_train:f") == "flows.train:f"


def test_materializers_are_named_too(root: Path, module) -> None:
    module("__main__", root / "flows/train.py")
    step = Imports.of(root, []).applied(spec("__main__:f", "__main__:Saver")).steps[0]
    assert step.outputs[0].materializer == "flows.train:Saver"


def test_what_is_installed_stays_as_it_is(root: Path, module) -> None:
    imports = Imports.of(root, [])
    module("numpy_like", "/usr/lib/python3/site-packages/numpy_like.py")
    module("vendored", root / ".venv/lib/site-packages/vendored.py")
    assert named(imports, "numpy_like:f") == "numpy_like:f"
    assert named(imports, "vendored:f") == "vendored:f"


def test_a_project_behind_a_link_is_the_same_project(root: Path, module, tmp_path: Path) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    os.symlink(root, link)
    module("__main__", link / "flows/train.py")
    assert named(Imports.of(link, [str(link / "flows")]), "__main__:f") == "flows.train:f"
    link.unlink()


@pytest.mark.parametrize(
    ("entrypoint", "file", "told"),
    [
        ("train:outer.<locals>.f", "flows/train.py", "defined inside a function"),
        ("__main__:f", None, "in a notebook or at a prompt"),
        ("__main__:f", "odd-name/x.py", "cannot be imported by a name"),
    ],
)
def test_what_a_cluster_cannot_import_is_refused(
    root: Path, module, entrypoint: str, file: str | None, told: str
) -> None:
    module(entrypoint.partition(":")[0], None if file is None else root / file)
    with pytest.raises(SetupError, match=f"the step 'load' .*{told}"):
        named(Imports.of(root, []), entrypoint)


def test_a_module_that_the_archive_leaves_out_is_named(root: Path, module) -> None:
    imports = Imports.of(root, [])
    module("__main__", root / "flows/train.py")
    imports.check(spec("__main__:f"), {"flows/train.py"})
    with pytest.raises(SetupError, match=r"defined in .*flows/train.py, which the source archive"):
        imports.check(spec("__main__:f"), {"pyproject.toml"})
