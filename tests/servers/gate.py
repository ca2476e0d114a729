"""A gate before a service: lets requests pass, answers some itself, and breaks connections."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import BinaryIO

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request."""

    answer: bytes | None = None
    """Given in place of the service's."""
    cut: int | None = None
    """The service answers, and so many bytes of that get through before the connection breaks."""
    then: Callable[[], None] = lambda: None
    """Called just before the connection breaks."""


Faults = Callable[[str], Fault | None]
"""Which fault a request meets, by its first line."""


def answer(status: int, body: str, content_type: str = "application/xml") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def refusal(status: int, code: str) -> bytes:
    """The answer of S3 for an error."""
    return answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>")


@contextmanager
def gate(endpoint: str, faults: Faults) -> Iterator[str]:
    """The endpoint before the given one."""
    host, _, port = endpoint.removeprefix("http://").partition(":")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = _read_head(self.rfile)
            if not head:
                return
            body = self.rfile.read(_length(head))
            fault = faults(head.partition(b"\r\n")[0].decode()) or Fault()
            if fault.answer is not None:
                whole = not head.startswith(b"HEAD")
                self.wfile.write(fault.answer if whole else _head(fault.answer))
                return
            with socket.create_connection((host, int(port))) as service:
                service.sendall(head + b"Connection: close\r\n\r\n" + body)
                with service.makefile("rb") as answered:
                    _relay(answered, self.wfile, fault.cut)
            fault.then()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 100

        def handle_error(self, request: object, client_address: object) -> None:
            """A side that went away is what these tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _read_head(asked: BinaryIO) -> bytes:
    """A request's lines before its body; nothing where the client went away before their end."""
    lines = []
    while (line := asked.readline()) != b"\r\n":
        if not line:
            return b""
        lines.append(line)
    return b"".join(lines)


def _head(answer: bytes) -> bytes:
    return answer[: answer.find(b"\r\n\r\n") + 4]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _relay(answered: BinaryIO, to: BinaryIO, cut: int | None) -> None:
    """Reads to the end, so that the service has done what it was asked for."""
    sent = 0
    while data := answered.read(CHUNK):
        to.write(data if cut is None else data[: max(0, cut - sent)])
        sent += len(data)
