"""Serves a step's code over a Unix socket: one JSON object a line, one thread a connection."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from lateen.domain.errors import LateenError, ProtocolError
from lateen.step.workdir import LONGEST_SOCKET_PATH

LONGEST_REQUEST = 64 << 20


class Service(Protocol):
    """Whoever answers."""

    def call(self, operation: str, /, **arguments: Any) -> Any: ...


@contextlib.contextmanager
def served_at(service: Service, path: Path) -> Iterator[None]:
    """Answers at this very socket while the block runs.

    What an earlier process or the step's code left there is moved away. Whoever may enter the
    directory may ask: it is a Pod's own.
    """
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, path.with_name(f"{path.name}.{os.urandom(8).hex()}"))
    server = _Server(path, service)
    threading.Thread(target=server.accept, name="lateen-step-socket", daemon=True).start()
    try:
        yield
    finally:
        server.close()


@contextlib.contextmanager
def served(service: Service, wanted: Path) -> Iterator[Path]:
    """Answers at a socket while the block runs; its path, a short one where ``wanted`` is long."""
    path = wanted
    if len(os.fsencode(wanted)) > LONGEST_SOCKET_PATH:
        path = Path(tempfile.mkdtemp(prefix="lateen-")) / "socket"
    server = _Server(path, service)
    os.chmod(path, 0o600)
    thread = threading.Thread(target=server.accept, name="lateen-step-socket", daemon=True)
    thread.start()
    try:
        yield path
    finally:
        server.close()
        thread.join()
        path.unlink(missing_ok=True)
        if path != wanted:
            shutil.rmtree(path.parent, ignore_errors=True)


class _Server:
    def __init__(self, path: Path, service: Service) -> None:
        self._service = service
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(path))
        self._listener.listen(64)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as requests:
            while line := requests.readline(LONGEST_REQUEST):
                connection.sendall(_answer(self._service, line))
        with self._lock:
            self._connections.discard(connection)

    def close(self) -> None:
        # A shutdown wakes the thread that waits in accept; closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _no_number(text: str) -> Any:
    raise ProtocolError(f"JSON has no {text}")


def _answer(service: Service, line: bytes) -> bytes:
    try:
        request = json.loads(line, parse_constant=_no_number)
        answer = {"result": service.call(request["operation"], **request["arguments"])}
    except LateenError as error:
        answer = {"error": {"type": type(error).__name__, "message": str(error)}}
    except Exception as error:
        # Whoever asks waits for an answer, whatever happened here.
        message = f"the step's request could not be answered: {error!r}"
        answer = {"error": {"type": "ProtocolError", "message": message}}
    return json.dumps(answer, default=str).encode() + b"\n"
