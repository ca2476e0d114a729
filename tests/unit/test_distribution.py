"""What is installed with the package, and in which versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)( ; .+)?$")
"""A line of the lock that is no comment: one version, for all machines or for some."""


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def bare(requirement: str) -> str:
    """The name of a requirement as registries compare names."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> list[str]:
    return [line for line in LOCK.splitlines() if line and not line.lstrip().startswith("#")]


def test_the_core_needs_four_libraries():
    needed = {bare(requirement) for requirement in project()["dependencies"]}
    assert needed == {"pydantic", "pyyaml", "click", "rich"}


@pytest.mark.parametrize("extra", ["core", *project()["optional-dependencies"]])
def test_every_requirement_is_pinned(extra: str):
    found = {"core": project()["dependencies"], **project()["optional-dependencies"]}[extra]
    pinned = {bare(line) for line in pins()}
    assert {bare(requirement) for requirement in found} <= pinned


def test_the_lock_pins_one_version_a_line_and_nothing_else():
    assert [line for line in pins() if not PIN.match(line)] == []


def test_the_lock_names_no_registry():
    assert not re.search(r"://|--(extra-)?index-url|--find-links|@ ", LOCK)
    names = {line.split("#")[0].split(";")[0].strip() for line in LOCK.splitlines()}
    assert [name for name in names if re.search(r"[a-z]\.(org|com|net|io|dev)\b", name)] == []
