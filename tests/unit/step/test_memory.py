from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lateen.step.memory import memory_limit, oom_kills


def version_1(folder: Path, kills: int, limit: str) -> Path:
    (folder / "memory").mkdir()
    text = f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n"
    (folder / "memory/memory.oom_control").write_text(text)
    (folder / "memory/memory.limit_in_bytes").write_text(f"{limit}\n")
    return folder


def version_2(folder: Path, kills: int, limit: str) -> Path:
    text = f"low 0\nhigh 0\nmax 12\noom 1\noom_kill {kills}\noom_group_kill 0\n"
    (folder / "memory.events").write_text(text)
    (folder / "memory.max").write_text(f"{limit}\n")
    return folder


@pytest.mark.parametrize("version", [version_1, version_2])
def test_the_kernel_says_whom_it_killed_and_what_the_limit_is(
    tmp_path: Path, version: Callable[[Path, int, str], Path]
) -> None:
    folder = version(tmp_path, 3, "536870912")
    assert (oom_kills(folder), memory_limit(folder)) == (3, 512 << 20)


@pytest.mark.parametrize(
    ("version", "limit"), [(version_1, "9223372036854771712"), (version_2, "max")]
)
def test_a_container_may_have_no_limit(
    tmp_path: Path, version: Callable[[Path, int, str], Path], limit: str
) -> None:
    assert memory_limit(version(tmp_path, 0, limit)) is None


def test_a_kernel_that_says_nothing_killed_nobody(tmp_path: Path) -> None:
    assert (oom_kills(tmp_path), memory_limit(tmp_path)) == (0, None)
