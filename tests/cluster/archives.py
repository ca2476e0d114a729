"""Source archives that nobody means well with."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

ZEROS = 64 << 20
TIMES = 17
"""So many zeros unpack to more than an archive may hold."""


def _packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _file(
    name: str, content: bytes = b"forged", mode: int = 0o644
) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    return member, content


def _other(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def _bomb() -> bytes:
    """A file of zeros, as many gzip members as it takes: cheap to make, large to unpack."""
    member, _ = _file("zeros", b"")
    member.size = ZEROS * TIMES
    return gzip.compress(member.tobuf()) + gzip.compress(bytes(ZEROS), 1) * TIMES


def _endless() -> bytes:
    """It says that it holds an exabyte, and ends there."""
    member, _ = _file("zeros", b"")
    member.size = 1 << 60
    return gzip.compress(member.tobuf() + bytes(1024))


OUT = "/lateen/given/forged"
HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "up": (lambda: _packed(_file("../forged")), "'../forged' does not lie inside of it"),
    "up later": (lambda: _packed(_file("a/../../../given/forged")), "does not lie inside of it"),
    "absolute": (lambda: _packed(_file(OUT)), "does not lie inside of it"),
    "through a link": (
        lambda: _packed(_other("a", tarfile.SYMTYPE, "/lateen/given"), _file("a/forged")),
        "'a' is a link that leads out of it",
    ),
    "through two links": (
        lambda: _packed(
            _other("d/e/a", tarfile.SYMTYPE, "../.."),
            _other("b", tarfile.SYMTYPE, "d/e/a/.."),
            _file("b/forged"),
        ),
        "'b' is a link that leads out of it",
    ),
    "through an inner link": (
        lambda: _packed(_other("a", tarfile.SYMTYPE, "b"), _file("a/forged")),
        "lies below what is a file or a link there",
    ),
    "hard link": (
        lambda: _packed(_other("a", tarfile.LNKTYPE, "/lateen/given/attempt.json")),
        "'a' is a hard link",
    ),
    "device": (lambda: _packed(_other("a", tarfile.CHRTYPE)), "neither a file nor a folder"),
    "fifo": (lambda: _packed(_other("a", tarfile.FIFOTYPE)), "neither a file nor a folder"),
    "set-uid": (lambda: _packed(_file("a", mode=0o4755)), "set-uid"),
    "long": (lambda: _packed(_file("x" * 10_000)), "cannot be written (File name too long)"),
    "twice": (lambda: _packed(_file("a"), _file("a")), "it holds 'a' twice"),
    "bomb": (_bomb, "it holds more than 1,073,741,824 bytes unpacked"),
    "endless": (_endless, "cannot be read as .tar.gz"),
    "cut": (lambda: _packed(_file("a", b"x" * 4096))[:60], "cannot be read as .tar.gz"),
    "no archive": (lambda: b"#!/bin/sh\necho forged\n", "cannot be read as .tar.gz"),
}
"""How each is made, and what is said of it."""


def forged_below(folder: Path) -> list[Path]:
    """What of them lies anywhere in the volumes of a Pod but in the folder for code."""
    found = []
    with suppress(FileNotFoundError):
        found = [path for path in folder.rglob("*forged*") if "code" not in path.parts]
    return found
