from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lateen
import lateen.client
import lateen.enums

PUBLIC = """
    ArtifactConfig ArtifactType Client ExternalArtifact LateenError Model ModelStages
    NotFoundError Resources Retry RunFailed StageTakenError WorkDir container_step
    get_pipeline_context get_step_context
    load_artifact log_artifact_metadata log_metadata log_model_metadata log_step_metadata pipeline
    register_artifact save_artifact step
"""


def test_what_is_public_is_listed():
    assert sorted(lateen.__all__) == sorted(PUBLIC.split())


@pytest.mark.parametrize("module", [lateen, lateen.client, lateen.enums])
def test_every_public_name_is_there(module):
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
    assert set(module.__all__) <= set(dir(module))


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'lateen' has no attribute 'Clinet'"):
        _ = lateen.Clinet


def test_an_older_python_is_told_which_one_is_needed():
    older = "import sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv[1:] = ['execute']; "
    run = "import runpy; runpy.run_module('lateen.step', run_name='__main__')"
    command = [sys.executable, "-c", older + run]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    (told,) = ended.stderr.splitlines()[-1:]
    assert "Lateen needs Python 3.11 or newer" in told
    assert f"{sys.executable} is Python 3.9" in told
    assert "python.interpreter" in told


def test_the_package_itself_can_be_read_by_pythons_that_are_to_be_told_so():
    text = Path(lateen.__file__).read_text()
    ast.parse(text, feature_version=(3, 6))
    assert "from __future__ import annotations" not in text  # an error in 3.6


def test_the_version_is_the_distribution_s():
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    assert lateen.__version__ == tomllib.loads(pyproject.read_text())["project"]["version"]


def test_step_stays_the_decorator_when_the_subpackage_is_loaded():
    _python(
        "import lateen.step.ports\n"
        "from lateen import step\n"
        "assert step.__module__ == 'lateen.authoring.step', step"
    )


def test_importing_the_package_loads_nothing_that_is_slow():
    loaded = _python("import lateen, sys; print(*sys.modules)").split()
    slow = {"asyncio", "dataclasses", "inspect", "json", "pathlib", "pydantic", "socket", "yaml"}
    assert not slow & set(loaded)


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
