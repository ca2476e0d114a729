from __future__ import annotations

import functools
import gc
import importlib
import itertools
import linecache
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from lateen.authoring import source, syntax
from lateen.authoring.source import code_digest, project_root, reached
from tests.modules import forget_modules

Files = dict[str, str]

STEPS = """
import math
from helpers import clean, LIMIT

def load(rows: int = 3) -> list:
    '''Load.'''
    return [clean(row) for row in range(rows) if math.sqrt(row) < LIMIT]

def unrelated():
    return 1
"""
HELPERS = """
LIMIT = 10

def clean(row):
    return trimmed(row) + 1

def trimmed(row):
    return row

def unrelated():
    return 2
"""


class Projects:
    """Writes projects side by side, each in a folder of its own, and imports from one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def imported(self, files: Files, module: str = "steps") -> ModuleType:
        self.forget()
        root = self._folder / f"project{next(self._numbers)}"
        for name, text in {"pyproject.toml": "", **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        return importlib.import_module(module)

    def forget(self) -> None:
        sys.path[:] = [entry for entry in sys.path if not entry.startswith(str(self._folder))]
        forget_modules(self._folder)

    def digest(self, files: Files, name: str = "load") -> str:
        return code_digest(getattr(self.imported(files), name))

    def reached(self, files: Files, name: str = "load") -> tuple[str, ...]:
        return reached(getattr(self.imported(files), name))


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Projects]:
    projects = Projects(tmp_path)
    yield projects
    projects.forget()


@pytest.fixture
def same(projects: Projects) -> Callable[[Files, Files], bool]:
    return lambda first, second: projects.digest(first) == projects.digest(second)


Same = Callable[[Files, Files], bool]


def steps(text: str) -> Files:
    return {"steps.py": text}


def test_a_digest_is_a_sha256_of_the_same_source_in_any_folder(projects: Projects) -> None:
    first = projects.digest({"steps.py": STEPS, "helpers.py": HELPERS})
    second = projects.digest({"steps.py": STEPS, "helpers.py": HELPERS})
    assert first == second
    assert first.startswith("sha256:")
    assert len(first) == len("sha256:") + 64


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("steps.py", "import math", "# a comment\n\n\nimport math"),
        ("steps.py", "'''Load.'''", "'''Load rows, as many as you like.'''"),
        ("steps.py", "(rows: int = 3)", "(\n    rows: int = 3,  # few\n)"),
        ("steps.py", "return 1", "return 100"),
        ("helpers.py", "return 2", "return 200"),
        ("helpers.py", "LIMIT = 10", "LIMIT = 5 + 5"),
        ("helpers.py", "LIMIT = 10", "LIMIT = 10\nOTHER = 11"),
    ],
)
def test_layout_comments_docstrings_and_unrelated_functions_do_not_count(
    same: Same, file: str, old: str, new: str
) -> None:
    files = {"steps.py": STEPS, "helpers.py": HELPERS}
    assert old in files[file]
    assert same(files, {**files, file: files[file].replace(old, new)})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("steps.py", "rows: int = 3", "rows: int = 4"),
        ("steps.py", "math.sqrt", "math.cbrt"),
        ("helpers.py", "trimmed(row) + 1", "trimmed(row) + 2"),
        ("helpers.py", "return row", "return -row"),
        ("helpers.py", "LIMIT = 10", "LIMIT = 11"),
        ("helpers.py", "LIMIT = 10", "LIMIT = 10.0"),
    ],
)
def test_what_the_function_reaches_counts(same: Same, file: str, old: str, new: str) -> None:
    files = {"steps.py": STEPS, "helpers.py": HELPERS}
    assert old in files[file]
    assert not same(files, {**files, file: files[file].replace(old, new)})


def test_reached_names_functions_and_constants_but_not_the_function_itself(
    projects: Projects,
) -> None:
    files = {"steps.py": STEPS, "helpers.py": HELPERS}
    assert projects.reached(files) == ("helpers:clean", "helpers:trimmed", "steps:LIMIT")


def test_two_helpers_that_swap_their_names_change_the_digest(same: Same) -> None:
    text = "def a(x): return g(x, 1)\ndef b(x): return g(x, 2)\ndef g(*x): return x\n"
    first = text + "f, h = a, b\ndef load(x): return f(x), h(x)\n"
    assert not same(steps(first), steps(first.replace("f, h = a, b", "f, h = b, a")))


def test_functions_that_call_each_other_are_digested(same: Same) -> None:
    text = "def load(n): return even(n)\ndef even(n): return n == 0 or odd(n - 1)\n"
    first = text + "def odd(n): return n != 0 and even(n - 1)\n"
    assert same(steps(first), steps(first))
    assert not same(steps(first), steps(first.replace("n != 0", "n > 0")))


PACKAGE = {
    "steps.py": "import pkg.inner as inner\nimport pkg\n"
    "def load(x): return inner.clean(x), pkg.inner.LIMIT\n",
    "pkg/__init__.py": "",
    "pkg/inner.py": "LIMIT = 1\ndef clean(x): return x\ndef unrelated(): return 1\n",
}


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("clean(x): return x", "clean(x): return -x", False),
        ("LIMIT = 1", "LIMIT = 2", False),
        ("return 1", "return 2", True),
    ],
)
def test_attributes_of_modules_of_the_project_count_alone(
    same: Same, old: str, new: str, is_same: bool
) -> None:
    changed = PACKAGE["pkg/inner.py"].replace(old, new)
    assert same(PACKAGE, {**PACKAGE, "pkg/inner.py": changed}) is is_same


def test_a_module_that_is_passed_around_counts_whole(same: Same) -> None:
    files = {**PACKAGE, "steps.py": "import pkg.inner as m\ndef load(x): return getattr(m, x)\n"}
    changed = PACKAGE["pkg/inner.py"].replace("return 1", "return 2")
    assert not same(files, {**files, "pkg/inner.py": changed})


@pytest.mark.parametrize(
    "user",
    [
        "def load(x):\n    def inner(): return helper(x)\n    return inner()",
        "def load(x): return (lambda: helper(x))()",
        "def load(x): return {helper(each) for each in x}",
        "def load(x): return [helper for helper in helper(x)]",
        "def load(x):\n    global helper\n    y = helper(x)\n    helper = None\n    return y",
        "def load(x, using=helper): return using(x)",
        "class Base:\n    run = helper\nclass Derived(Base): pass\ndef load(x): return Derived()",
        "class Thing:\n    def run(self): return helper(1)\ndef load(x): return Thing()",
        "def mark(f): helper(f); return f\n@mark\ndef other(x): return x\n"
        "def load(x): return other(x)",
        "REGISTRY = {'h': [helper]}\ndef load(x): return REGISTRY[x](x)",
        "from functools import partial\nbound = partial(helper, 1)\ndef load(x): return bound()",
        "from functools import lru_cache\nkept = lru_cache(helper)\ndef load(x): return kept(x)",
        "def make():\n    local = helper\n    def load(x): return local(x)\n    return load\n"
        "load = make()",
        "class Tool:\n    def go(self, x): return helper(x)\ngo = Tool().go\n"
        "def load(x): return go(x)",
    ],
)
def test_a_helper_is_reached_from_wherever_it_is_named(same: Same, user: str) -> None:
    files = steps(f"def helper(x): return 1\n{user}\n")
    assert same(files, steps(f"def helper(x):\n    return 1  # one\n{user}\n"))
    assert not same(files, steps(f"def helper(x): return 2\n{user}\n"))


@pytest.mark.parametrize(
    "user",
    [
        "def load(x):\n    helper = 1\n    return helper",
        "def load(helper): return helper",
        "def load(x): return [helper for helper in x]",
        "def load(x):\n    def inner(helper): return helper\n    return inner",
        "def load(x): return x.helper",
        "def load(x): return 'helper'",
    ],
)
def test_a_local_name_does_not_reach_the_global_of_that_name(same: Same, user: str) -> None:
    first, second = "def helper(x): return 1\n", "def helper(x): return 2\n"
    assert same(steps(f"{first}{user}\n"), steps(f"{second}{user}\n"))


def test_an_import_in_the_body_is_read_without_running_it(projects: Projects) -> None:
    body = "def load(x):\n    from late.tools import clean as c\n    return c(x)\n"
    tools = "from late import base\nraise RuntimeError('was run')\n"
    files = {
        "steps.py": body,
        "late/__init__.py": "raise RuntimeError('was run')\n",
        "late/base.py": "def least(x): return x\ndef unrelated(): return 1\n",
        "late/tools.py": f"{tools}def clean(x): return base.least(x)\n",
    }
    first = projects.digest(files)
    assert projects.reached(files) == ("late.base:least", "late.tools:clean")
    unrelated = files["late/base.py"].replace("return 1", "return 2")
    assert projects.digest({**files, "late/base.py": unrelated}) == first
    reached_by_name = files["late/base.py"].replace("return x", "return -x")
    assert projects.digest({**files, "late/base.py": reached_by_name}) != first


def test_an_import_in_the_body_counts_the_same_once_it_has_run(projects: Projects) -> None:
    body = "def load(x):\n    import helpers\n    return helpers.clean(x)\n"
    steps_module = projects.imported({"steps.py": body, "helpers.py": HELPERS})
    before = code_digest(steps_module.load)
    importlib.import_module("helpers")
    assert code_digest(steps_module.load) == before


def test_relative_and_starred_imports_in_a_body_are_followed(projects: Projects) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/steps.py": "def load(x):\n    from .sub import clean\n    return clean(x)\n",
        "pkg/sub.py": "from .base import *\n",
        "pkg/base.py": "def clean(x): return 1\n",
    }
    first = code_digest(projects.imported(files, "pkg.steps").load)
    changed = {**files, "pkg/base.py": "def clean(x): return 2\n"}
    assert code_digest(projects.imported(changed, "pkg.steps").load) != first


def test_imports_that_go_round_in_circles_end(projects: Projects) -> None:
    files = {
        "steps.py": "def load():\n    from one import x\n    return x\n",
        "one.py": "from two import x\n",
        "two.py": "from one import x\n",
    }
    assert projects.digest(files).startswith("sha256:")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1", "2"),
        ("1", "True"),
        ("(1, 2)", "[1, 2]"),
        ("{'a': {'b': 1}}", "{'a': {'b': 2}}"),
        ("frozenset({'a', 'b'})", "frozenset({'a', 'c'})"),
        ("b'a'", "b'b'"),
        ("Path('a')", "Path('b')"),
        ("date(2024, 1, 1)", "date(2024, 1, 2)"),
        ("re.compile('a')", "re.compile('b')"),
        ("Color.RED", "Color.BLUE"),
        ("Settings(1)", "Settings(2)"),
        ("Slotted(1)", "Slotted(2)"),
        ("Number(1)", "Number(2)"),
        ("random.Random(1)", "random.Random(2)"),
        ("[random.Random(1)]", "[random.Random(2)]"),
    ],
)
def test_a_constant_enters_by_its_value_or_by_what_makes_it(
    same: Same, first: str, second: str
) -> None:
    text = """
import random, re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path

class Color(Enum):
    RED = 1
    BLUE = 2

class Settings:
    def __init__(self, n): self.n = n

@dataclass(slots=True)
class Slotted:
    n: int

class Number(int): pass

CONSTANT = {}

def load(): return CONSTANT
"""
    assert same(steps(text.format(first)), steps(text.format(first)))
    assert not same(steps(text.format(first)), steps(text.format(second)))


def test_a_value_without_text_in_a_closure_counts_by_the_function_around_it(same: Same) -> None:
    text = """
import random
def make():
    generator = random.Random(1)
    def load(): return generator.random()
    return load
load = make()
"""
    assert same(steps(text), steps(text))
    assert not same(steps(text), steps(text.replace("Random(1)", "Random(2)")))


def test_a_constant_imported_from_another_module_counts_by_what_makes_it_there(same: Same) -> None:
    files = {
        "steps.py": "from helpers import G\ndef load(): return G\n",
        "helpers.py": "import random\nG = random.Random(1)\n",
    }
    changed = {**files, "helpers.py": "import random\nG = random.Random(2)\n"}
    assert same(files, files)
    assert not same(files, changed)


def test_a_value_that_is_changed_in_place_counts_with_the_change(same: Same) -> None:
    text = "import types\nN = types.SimpleNamespace()\nN.a = object()\ndef load(): return N\n"
    assert not same(steps(text), steps(text.replace("N.a", "N.b")))


def test_a_path_inside_of_the_project_moves_with_it(same: Same) -> None:
    text = (
        "from pathlib import Path\nimport os\n"
        "ROOT = Path(__file__).parent\nHERE = ROOT / 'data'\n"
        "TEXT = os.path.join(os.path.dirname(__file__), 'x')\n"
        "def load(): return HERE, ROOT, TEXT, __file__, __name__\n"
    )
    assert same(steps(text), steps(text))
    assert not same(steps(text), steps(text.replace("'data'", "'dates'")))


def test_a_list_that_contains_itself_is_digested(projects: Projects) -> None:
    assert projects.digest(steps("L = []\nL.append(L)\ndef load(): return L\n"))


def test_libraries_count_by_name_only(projects: Projects) -> None:
    text = "import json\nfrom json import dumps as d\ndef load(x): return json.loads(d(x))\n"
    assert projects.reached(steps(text)) == ()
    assert projects.digest(steps(text)) != projects.digest(
        steps(text.replace("import dumps as d", "import dump as d"))
    )


def test_site_packages_below_the_project_are_not_the_project(projects: Projects) -> None:
    files = {
        "steps.py": "import sys, os\n"
        "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '.venv/site-packages'))\n"
        "import library_of_this_test as library\ndef load(): return library.f()\n",
        ".venv/site-packages/library_of_this_test.py": "def f(): return 1\n",
    }
    assert projects.reached(files) == ()


class FakeStep:
    """Looks like a step: a callable of Lateen's that wraps a function."""

    def __init__(self, function: FunctionType) -> None:
        functools.update_wrapper(self, function)

    def __call__(self) -> None: ...


@pytest.fixture
def step_decorator(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("lateen.fake")
    namespace = vars(module)
    namespace["FakeStep"] = FakeStep
    exec("def step(**options): return FakeStep", namespace)
    monkeypatch.setitem(sys.modules, "lateen.fake", module)


STEP = """
from lateen.fake import step

@step(retry=1)
def other(x): return x

@step(retry=1)
def load(x): return other(x)
"""


@pytest.mark.usefixtures("step_decorator")
def test_a_step_counts_by_its_function_without_its_options(same: Same) -> None:
    assert same(steps(STEP), steps(STEP.replace("retry=1", "retry=2")))
    assert not same(steps(STEP), steps(STEP.replace("other(x): return x", "other(x): return -x")))


@pytest.mark.usefixtures("step_decorator")
def test_a_step_and_its_function_have_one_digest(projects: Projects) -> None:
    load = projects.imported(steps(STEP)).load
    assert code_digest(load) == code_digest(load.__wrapped__)


def test_decorators_between_a_step_and_its_function_count(same: Same) -> None:
    text = """
import functools
def twice(f):
    @functools.wraps(f)
    def wrapper(x): return f(f(x))
    return wrapper
@twice
def load(x): return x + 1
"""
    assert same(steps(text), steps(text))
    assert not same(steps(text), steps(text.replace("f(f(x))", "f(x)")))
    assert not same(steps(text), steps(text.replace("x + 1", "x + 2")))


def test_the_decorators_of_the_function_itself_do_not_count(same: Same) -> None:
    text = "def marked(n): return lambda f: f\n@marked(1)\ndef load(x): return x\n"
    assert same(steps(text), steps(text.replace("marked(1)", "marked(2)")))


def test_functions_without_source_count_by_their_code(projects: Projects) -> None:
    def made(text: str) -> Any:
        namespace: dict[str, Any] = {"helper": projects.imported(steps("def f(): return 1")).f}
        exec(text, namespace)
        return namespace["load"]

    first = code_digest(made("def load(x): return helper(x), {1, 2} & {x}"))
    assert first == code_digest(made("def load(x): return helper(x), {1, 2} & {x}"))
    assert first != code_digest(made("def load(x): return helper(x), {1, 3} & {x}"))


def test_what_has_no_python_code_counts_by_name() -> None:
    assert code_digest(len) == code_digest(len) != code_digest(max)
    assert reached(len) == ()


def test_a_file_edited_after_its_import_still_counts_as_what_runs(projects: Projects) -> None:
    module = projects.imported(steps("def load(): return 1\n"))
    assert module.__file__
    Path(module.__file__).write_text("def load(): return 22\n")
    stale = code_digest(module.load)
    assert stale != projects.digest(steps("def load(): return 22\n"))


def test_a_file_edited_after_its_digest_keeps_it_until_it_is_loaded_again(
    projects: Projects,
) -> None:
    module = projects.imported(steps("def load(): return 1\n"))
    before = code_digest(module.load)
    assert module.__file__
    Path(module.__file__).write_text("def load(): return 22\n")
    assert code_digest(module.load) == before
    assert code_digest(importlib.reload(module).load) != before


class Notebook:
    """Runs cells as a notebook does: in one namespace, with their text in linecache."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.files: list[str] = []

    def run(self, text: str) -> None:
        name = f"<cell-of-a-test-{id(self)}-{len(self.files)}>"
        self.files.append(name)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), self.namespace)

    @property
    def digest(self) -> str:
        return code_digest(self.namespace["load"])


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    notebook = Notebook()
    yield notebook
    for name in notebook.files:
        del linecache.cache[name]


def test_the_other_cells_of_a_notebook_are_reached(notebook: Notebook) -> None:
    notebook.run("import random\nG = random.Random(1)\nLIMIT = 1\n")
    notebook.run("def clean(x): return x\n")
    notebook.run("def load(x): return clean(x), G, LIMIT\n")
    first = notebook.digest
    assert reached(notebook.namespace["load"]) == (
        "__main__:G",
        "__main__:LIMIT",
        "__main__:clean",
    )
    notebook.run("def clean(x):\n    # the same\n    return x\n")
    assert notebook.digest == first
    notebook.run("def clean(x): return -x\n")
    second = notebook.digest
    notebook.run("G = random.Random(2)\n")
    third = notebook.digest
    assert len({first, second, third}) == 3


def test_a_cell_that_runs_again_with_another_body_has_another_digest(notebook: Notebook) -> None:
    notebook.run("def load(x): return x\n")
    first = notebook.digest
    notebook.run("def load(x): return -x\n")
    assert notebook.digest != first


def test_a_script_and_its_import_have_one_digest(projects: Projects) -> None:
    text = (
        "from helpers import clean, LIMIT\nclass Kept:\n    n = LIMIT\n"
        "def load(x): return clean(x), Kept()\n"
        "if __name__ == '__main__':\n"
        "    from lateen.authoring.source import code_digest\n    print(code_digest(load))\n"
    )
    module = projects.imported({"steps.py": text, "helpers.py": HELPERS})
    assert module.__file__
    assert run(module.__file__, seed="1") == code_digest(module.load)


def test_hash_seeds_do_not_change_a_digest(projects: Projects) -> None:
    text = (
        "NAMES = {'a', 'b', 'c', 'd', 'e', 'f'}\nKEYS = frozenset({('x', 1), ('y', 2), 'z'})\n"
        "def load(x): return NAMES, KEYS, x in {'k', 'l', 'm', 'n'}\n"
        'exec(\'def other(x): return x in {"k", "l", "m", "n"}\')\n'
        "if __name__ == '__main__':\n"
        "    from lateen.authoring.source import code_digest\n"
        "    print(code_digest(load), code_digest(other))\n"
    )
    module = projects.imported(steps(text))
    assert module.__file__
    assert run(module.__file__, seed="1") == run(module.__file__, seed="2")


def run(script: str, seed: str) -> str:
    package = Path(source.__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(package)}
    command = [sys.executable, script]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_function_that_has_been_read_once_is_not_read_again(
    projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = projects.imported({"steps.py": STEPS, "helpers.py": HELPERS}).load
    first = code_digest(load)
    monkeypatch.setattr(syntax, "_parsed", pytest.fail)
    assert code_digest(load) == first


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git", "setup.py"])
def test_the_project_begins_where_its_marker_is(tmp_path: Path, marker: str) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / marker).touch()
    file = tmp_path / "deep" / "er" / "steps.py"
    file.touch()
    assert project_root(file) == tmp_path
    assert project_root(file.parent) == tmp_path


def test_a_given_root_decides_what_belongs_to_the_project(projects: Projects) -> None:
    files = {
        "here/__init__.py": "",
        "here/steps.py": "from there.helpers import f\ndef load(): return f()\n",
        "there/__init__.py": "",
        "there/helpers.py": "def f(): return 1\n",
    }
    load = projects.imported(files, "here.steps").load
    root = Path(load.__code__.co_filename).parents[1]
    assert reached(load, project_root=root) == ("there.helpers:f",)
    assert reached(load, project_root=root / "here") == ()


def test_threads_may_read_sources_at_once(tmp_path: Path) -> None:
    """Garbage is collected, and other threads come in between, while a tree is made."""
    long = "\n".join(f"def f{n}(row): return [row + {n} for row in (row, {n})]" for n in range(800))
    paths = [tmp_path / f"copy{n}.py" for n in range(12)]
    for path in paths:
        path.write_text(long)
    gc.callbacks.append(lambda *_: time.sleep(0))
    before = gc.get_threshold()
    gc.set_threshold(200)
    try:
        with ThreadPoolExecutor(4) as pool:
            files = list(pool.map(syntax.source_file, map(str, paths)))
    finally:
        gc.set_threshold(*before)
        gc.callbacks.pop()
    assert all(file is not None and len(file.tree.body) == 800 for file in files)
