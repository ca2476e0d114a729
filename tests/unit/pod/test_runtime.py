from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lateen.pod.runtime import lay_runtime

IMPORT_ALL = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import lateen
for module in pkgutil.walk_packages(lateen.__path__, "lateen."):
    importlib.import_module(module.name)
print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules}), lateen.__file__]))
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given") / "runtime"
    lay_runtime(folder)
    return folder


def clean(code: str, *arguments: object) -> str:
    """What a Python without anything installed prints."""
    command = [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_of_it_imports_where_nothing_is_installed(runtime: Path) -> None:
    imported, home = json.loads(clean(IMPORT_ALL, runtime))
    assert Path(home) == runtime / "lateen/__init__.py"
    assert set(imported) <= {*sys.stdlib_module_names, "__main__", "lateen"}


def test_what_users_import_is_there(runtime: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import lateen, lateen.enums;"
        "[getattr(lateen, name) for name in lateen.__all__];"
        "from lateen.materializers import BaseMaterializer; from lateen.client import Client"
    )
    clean(code, runtime)


def test_nothing_of_ours_that_could_hold_a_credential_is_there(runtime: Path) -> None:
    packages = {path.name for path in (runtime / "lateen").iterdir() if path.is_dir()}
    assert packages - {"__pycache__"} == {
        "authoring",
        "client",
        "domain",
        "materializers",
        "step",
    }


def test_compiled_modules_are_used_as_they_are(runtime: Path) -> None:
    code = (
        "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]);"
        "import lateen.domain.errors as module; import importlib.util as util;"
        "source = open(module.__cached__, 'rb').read(16);"
        "print(int.from_bytes(source[8:12], 'little') =="
        " int(__import__('os').stat(module.__file__).st_mtime))"
    )
    if not list((runtime / "lateen/domain/__pycache__").glob("errors.cpython-3*.pyc")):
        pytest.skip("nothing is compiled here")
    assert clean(code, runtime) == "True\n"


def test_it_is_laid_anew_over_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / "runtime/lateen/half").mkdir(parents=True)
    lay_runtime(tmp_path / "runtime")
    assert not (tmp_path / "runtime/lateen/half").exists()
