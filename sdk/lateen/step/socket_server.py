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
from typing import Any, BinaryIO, Protocol

from lateen.domain.errors import LateenError, ProtocolError
from lateen.step.workdir import LONGEST_SOCKET_PATH

LONGEST_REQUEST = 8 << 20
"""Bytes: as values they take twenty times as much."""
SHORT_REQUEST = 1 << 16
"""Bytes up to which any number of requests is read at once."""
MOST_CONNECTIONS = 512
"""At once: further ones wait."""


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
        self._long = threading.Lock()
        self._room = threading.Semaphore(MOST_CONNECTIONS)

    def accept(self) -> None:
        while self._room.acquire():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as requests:
            while line := requests.readline(SHORT_REQUEST):
                if line.endswith(b"\n"):
                    connection.sendall(_answer(self._service, line))
                elif not self._serve_long(connection, requests, line):
                    break
        with self._lock:
            self._connections.discard(connection)
        self._room.release()

    def _serve_long(self, connection: socket.socket, requests: BinaryIO, start: bytes) -> bool:
        """Answers a long request, one at a time, for their memory is not the step's.

        False where it breaks off.
        """
        with self._long:
            line = start + requests.readline(LONGEST_REQUEST - len(start))
            if line.endswith(b"\n"):
                connection.sendall(_answer(self._service, line))
                return True
        # Who still sends does not listen yet.
        while rest := requests.readline(SHORT_REQUEST):
            if rest.endswith(b"\n"):
                message = f"a request of the step is longer than {LONGEST_REQUEST:,} bytes"
                advice = "save what is large as an artifact"
                connection.sendall(_error("UserError", f"{message}; {advice}"))
                return True
        return False

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


_DECODE = json.JSONDecoder(parse_constant=_no_number).decode
_ENCODE = json.JSONEncoder(default=str).encode


def _answer(service: Service, line: bytes) -> bytes:
    try:
        request = _DECODE(line.decode())
        return _line({"result": service.call(request["operation"], **request["arguments"])})
    except LateenError as error:
        return _error(type(error).__name__, str(error))
    except Exception as error:
        # Whoever asks waits for an answer, whatever happened here.
        return _error("ProtocolError", f"the step's request could not be answered: {error!r}")


def _error(type: str, message: str) -> bytes:
    return _line({"error": {"type": type, "message": message}})


def _line(answer: dict[str, Any]) -> bytes:
    return _ENCODE(answer).encode() + b"\n"
