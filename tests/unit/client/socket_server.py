"""A small server of the socket's protocol, as a step meets it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Answer = Callable[[dict[str, Any]], bytes | None]


class SocketServer(socketserver.ThreadingUnixStreamServer):
    """Answers each line of each connection; None closes the connection without an answer."""

    daemon_threads = True

    def __init__(self, path: Path, answer: Answer) -> None:
        super().__init__(str(path), _Connection)
        self.answer = answer
        self.connections = 0


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.server.connections += 1
        for line in self.rfile:
            answer = self.server.answer(json.loads(line))
            if answer is None:
                return
            self.wfile.write(answer + b"\n")


@contextmanager
def serving(path: Path, answer: Answer) -> Iterator[SocketServer]:
    """Serve the socket in a thread."""
    with SocketServer(path, answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def result(value: Any) -> bytes:
    return json.dumps({"result": value}).encode()


def error(kind: str, message: str) -> bytes:
    return json.dumps({"error": {"type": kind, "message": message}}).encode()
