"""Asks at the step's socket for what no client would ask for."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

LINK = "/lateen/work/tmp/link"
ODD: list[Any] = [
    "/proc/self/environ",
    "/proc/1/environ",
    "../../../../proc/self/environ",
    "/lateen/work/../../proc/self/environ",
    "/lateen/given/journal",
    "/lateen/given/../../proc/self/environ",
    LINK,
    f"{LINK}/environ",
    "lateen-stores",
    "' OR 1=1; --",
    "%(password)s %s {0} {environ} $(env)",
    "a\0b",
    "a\nb",
    "\ud800",
    "x" * 10_000,
    "\u0430rtifact",
    "",
    {},
    {"artifact": {"name": "x", "version": "latest"}},
    {"run": "%", "step": "%"},
    [[[[[]]]]],
    None,
    -1,
    1e300,
    True,
]


class Connection:
    """The socket, without any of the client's manners."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(os.environ["LATEEN_SOCKET"])
        self._answers = self._socket.makefile("rb")

    def exchange(self, line: bytes) -> bytes:
        self._socket.sendall(line + b"\n")
        return self._answers.readline()

    def ask(self, operation: Any, arguments: Any) -> bytes:
        return self.exchange(json.dumps({"operation": operation, "arguments": arguments}).encode())


def answers(operations: dict[str, list[str]]) -> Iterator[tuple[str, Any, bytes]]:
    """What each operation answers to odd arguments; the parameters of each are given."""
    os.symlink("/proc/self", LINK)
    connection = Connection()
    for odd in ODD:
        for operation, names in operations.items():
            yield operation, odd, connection.ask(operation, dict.fromkeys(names, odd))
        for name in names_of_python():
            yield name, odd, connection.ask(name, {"name": odd})
    for line in (b"", b"{", b"[" * 100_000, b"null", b'{"operation": {}}', b"\xff\xfe", b"NaN"):
        yield "no request", line.decode("latin-1")[:20], connection.exchange(line)
    os.unlink(LINK)


def names_of_python() -> tuple[str, ...]:
    """What the object behind the socket has besides its operations."""
    return "call", "catalog", "stores", "objects", "__init__", "__dict__", "take_up", "pending"
