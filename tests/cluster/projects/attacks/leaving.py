"""Leaves what is no output, and gives it names that are none."""

from __future__ import annotations

import os
import random
import shutil
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lateen import register_artifact, save_artifact
from lateen.client import transport
from lateen.domain.errors import CorruptBlobError, MaterializerError

ENVIRONMENT = "/proc/self/environ"
HARMLESS = "harmless"
TOO_MANY = 100_001
TOO_LARGE = 5 << 40
NAMES = {
    "up": "..",
    "up and in": "../theirs",
    "slash": "a/b",
    "nul": "a\0b",
    "newline": "a\nb",
    "long": "x" * 10_000,
    "look-alike": "\u0430rtifact",
    "right to left": "artifact\u202etxt",
    "nothing": "",
    "option": "--help",
    "number": 5,
}


def refusals(deeds: dict[str, Callable[[], Any]]) -> dict[str, str]:
    """What each deed was answered."""
    said = {}
    for name, deed in deeds.items():
        try:
            said[name] = f"done: {deed()}"
        except Exception as error:  # the test that reads it judges which
            said[name] = f"{type(error).__name__}: {error}"
    return said


def folders() -> dict[str, str]:
    """Registers folders that hold what is no file, or is too much."""
    makers = {
        "link to a file": lambda folder: os.symlink("/proc/self/environ", folder / "x"),
        "link to a folder": lambda folder: os.symlink("/proc/self", folder / "x"),
        "link to what publish keeps": lambda folder: os.symlink(
            "/lateen/given/journal", folder / "x"
        ),
        "fifo": lambda folder: os.mkfifo(folder / "x"),
        "socket": lambda folder: socket.socket(socket.AF_UNIX).bind(str(folder / "x")),
        "device": lambda folder: os.mknod(folder / "x", stat.S_IFCHR | 0o666, os.makedev(1, 5)),
        "hard link out": lambda folder: os.link("/lateen/given/attempt.json", folder / "x"),
        "hard link to a program": lambda folder: os.link("/bin/sh", folder / "x"),
        "sparse": _sparse,
        "newline": lambda folder: (folder / "a\nb").touch(),
        "backslash": lambda folder: (folder / "a\\b").touch(),
        "no text": lambda folder: open(os.fsencode(folder) + b"/\xff", "w").close(),
        "deep": lambda folder: folder.joinpath(*["d"] * 40).mkdir(parents=True),
        "many": _many,
    }
    return refusals({name: lambda make=make: _registered(make) for name, make in makers.items()})


def _registered(make: Callable[[Path], Any]) -> str:
    folder = Path(tempfile.mkdtemp())
    try:
        make(folder)
        return register_artifact(folder, "odd").version
    finally:
        shutil.rmtree(folder)


def _sparse(folder: Path) -> None:
    (folder / "x").touch()
    os.truncate(folder / "x", TOO_LARGE)


def _many(folder: Path) -> None:
    for number in range(TOO_MANY):
        os.close(os.open(folder / str(number), os.O_CREAT | os.O_WRONLY))


def paths() -> dict[str, str]:
    """Registers what does not lie where it may."""
    link = Path(tempfile.gettempdir(), "out")
    link.symlink_to("/proc")
    wanted = [
        "/proc/self/environ",
        "/lateen/given/journal",
        "/lateen/given/attempt.json",
        "/lateen/work/../given/journal",
        "/lateen/work/../../proc/self/environ",
        "/lateen/work",
        "/",
        f"{link}/self/environ",
        str(link),
        "lateen/work",
        "/lateen/work/a\0b",
    ]
    said = refusals({it: lambda it=it: _register(it) for it in wanted})
    link.unlink()
    return said


def _register(path: str) -> Any:
    return transport.current().call("register_artifact", path=path, name="odd")


def names() -> dict[str, str]:
    """Saves under names that are none."""
    return refusals({it: lambda name=name: save_artifact(1, name) for it, name in NAMES.items()})


def written() -> dict[str, str]:
    """Tries to change what the step is given."""
    given = Path("/lateen/given")
    return refusals(
        {
            name: lambda name=name: (given / name).write_text("forged")
            for name in ("attempt.json", "began", "journal", "parameters.json", "inputs/x", "new")
        }
        | {
            "runtime": (given / "runtime" / "lateen" / "__init__.py").unlink,
            "moved": lambda: given.rename("/lateen/taken"),
            "mounted": lambda: os.chmod(given / "attempt.json", 0o777),
        }
    )


def swapping(seconds: float) -> dict[str, int]:
    """Registers folders of which a part becomes a link, and is itself again, meanwhile."""
    root = Path(tempfile.mkdtemp())
    inner = root / "one" / "self"
    for folder in (inner, root / "two"):
        folder.mkdir(parents=True)
        (folder / "environ").write_text(HARMLESS)
    over = threading.Event()
    swaps = [
        threading.Thread(target=_swap, args=(root, real, target, over))
        for real, target in ((inner, "/proc/self"), (root / "two" / "environ", ENVIRONMENT))
    ]
    for thread in swaps:
        thread.start()
    counts = {"stored": 0, "refused": 0}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name in ("one", "two"):
            try:
                register_artifact(root / name, "swapped")
                counts["stored"] += 1
            except (MaterializerError, CorruptBlobError):
                counts["refused"] += 1
    over.set()
    for thread in swaps:
        thread.join()
    return counts


def _swap(root: Path, real: Path, target: str, over: threading.Event) -> None:
    link, spare = (root / f"{kind}-{real.name}" for kind in ("link", "spare"))
    link.symlink_to(target)
    while not over.is_set():
        real.rename(spare)
        link.rename(real)
        time.sleep(0.001)
        real.rename(link)
        spare.rename(real)
        time.sleep(random.uniform(0, 0.1))
