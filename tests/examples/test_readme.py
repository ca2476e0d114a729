"""The README is true: its Python runs, its references compile, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

BODY = """
from lateen import Client, ExternalArtifact
{defined}

@step
def take(value: object) -> None: ...

@pipeline(model=Model("weather", version=ModelStages.PRODUCTION))
def body():
    client, model = Client(), get_pipeline_context().model
    take({reference})

print(body.compile().spec.steps[-1].inputs["value"])
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def references() -> list[str]:
    section = README.partition("### Late references\n")[2].partition("\n###")[0]
    return re.findall(r"^\| `(.*?)` \|", section, re.MULTILINE)


def run(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "readme.py"
    script.write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=os.environ, check=False
    )


@pytest.mark.usefixtures("home")
def test_the_python_of_the_readme_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    done = run("\n".join(blocks("python")), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == blocks("text")[0]


def test_every_reference_of_the_readme_compiles(tmp_path: Path) -> None:
    assert len(references()) == 11
    defined = blocks("python")[0].partition("if __name__")[0]
    code = "".join(BODY.format(defined=defined, reference=each) for each in references())
    done = run(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 11


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_the_links_of_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"^make (\w+)|`make (\w+)`", README))))
def test_the_commands_of_make_exist(name: tuple[str, str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\n{name[0] or name[1]}:" in makefile
