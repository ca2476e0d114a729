from __future__ import annotations

import subprocess
import sys

import pytest

import lateen.materializers

HEAVY = "numpy pandas pyarrow sklearn skops"

PROGRAM = f"""
import sys, pathlib, tempfile, types
from dataclasses import dataclass
import lateen.materializers as materializers
early = [name for name in sys.modules if name.startswith('lateen.materializers.')]
materializers.supports(dict[str, list[int]] | pathlib.Path | None)
materializers.check([1], list[float])
materializers.requirements('pandas.DataFrame')
directory = pathlib.Path(tempfile.mkdtemp())
saved = materializers.save({{'a': (1, 2.5)}}, directory)
print(materializers.find(types.SimpleNamespace), [n for n in {HEAVY.split()} if n in sys.modules])
print(sorted(early))
"""


def run(program: str) -> str:
    """What a program prints in an interpreter of its own."""
    command = [sys.executable, "-c", "import sys; sys.path[:0] = eval(sys.argv[1])\n" + program]
    done = subprocess.run([*command, repr(sys.path)], capture_output=True, text=True, check=True)
    return done.stdout


def test_no_library_is_imported_before_a_value_needs_it() -> None:
    first, second = run(PROGRAM).splitlines()
    assert first == "None []"
    assert second == str(["lateen.materializers.base", "lateen.materializers.local_store"]), (
        "the package's import stays small"
    )


def test_every_public_name_is_there() -> None:
    assert sorted(lateen.materializers.__all__) == lateen.materializers.__all__
    for name in lateen.materializers.__all__:
        assert getattr(lateen.materializers, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        _ = lateen.materializers.gone
