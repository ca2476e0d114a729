"""A step's way to the catalog: one JSON object a line over a Unix socket."""

from __future__ import annotations

import json
import os
import select
import socket
import threading
import time
from typing import Any

from lateen.domain import errors
from lateen.domain.errors import CatalogUnavailable, LateenError, ProtocolError

ONCE = frozenset({"output_tags", "register_artifact", "save_artifact", "set_stage"})
"""Operations that are not asked for again where the answer was lost: they may have been done."""
PAUSE_SECONDS = 0.02
_ENCODE = json.JSONEncoder(allow_nan=False).encode


class SocketTransport:
    """Asks the process that serves the step; each thread of each process has its connection.

    ``patience`` says for how many seconds one that is not there is waited for: in a Pod it starts
    beside the step, and once more where it died.
    """

    def __init__(self, path: str | os.PathLike[str], patience: float = 0.0) -> None:
        self._path = os.fspath(path)
        self._patience = patience
        self._own = threading.local()

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation's result; raises the error that the other side answers with."""
        request = _ENCODE({"operation": operation, "arguments": arguments})
        deadline = time.monotonic() + self._patience
        try:
            answer = self._answer(operation, request.encode() + b"\n", deadline)
        except OSError as error:
            raise CatalogUnavailable(
                f"{operation}: nobody answers at the step's socket {self._path} ({error}); it is"
                " served while the step runs, so this passes by itself or the step has ended"
            ) from error
        return _result(answer)

    def _answer(self, operation: str, request: bytes, deadline: float) -> bytes:
        while True:
            connection = self._connection(deadline)
            try:
                return self._exchange(connection, request)
            except OSError:
                if operation in ONCE or time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    def _exchange(self, connection: _Connection, request: bytes) -> bytes:
        try:
            return connection.exchange(request)
        except BaseException:
            # Its answer may still come, and would be taken for that of the next request.
            self.close()
            raise

    def _connection(self, deadline: float) -> _Connection:
        found: _Connection | None = getattr(self._own, "connection", None)
        if found is None or found.process != os.getpid() or found.broken:
            found = self._own.connection = self._connected(deadline)
        return found

    def _connected(self, deadline: float) -> _Connection:
        while True:
            try:
                return _Connection(self._path)
            except OSError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        connection: _Connection | None = self._own.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()


class _Connection:
    """One connection to the socket, of use to the process that opened it."""

    def __init__(self, path: str) -> None:
        self.process = os.getpid()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._answers = self._socket.makefile("rb")
        self._socket.connect(path)

    @property
    def broken(self) -> bool:
        """Whether the other side is gone: it never speaks unasked."""
        watch = select.poll()
        watch.register(self._socket, select.POLLIN)
        return bool(watch.poll(0))

    def exchange(self, request: bytes) -> bytes:
        self._socket.sendall(request)
        answer = self._answers.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("the other side closed the connection")
        return answer

    def close(self) -> None:
        # Never shutdown: that would end a connection that a forked child only inherited.
        self._answers.close()
        self._socket.close()

    def __del__(self) -> None:
        self.close()


def _result(line: bytes) -> Any:
    match _parsed(line):
        case {"error": {"type": str(kind), "message": str(message)}}:
            raise _error(kind, message)
        case {"result": result}:
            return result
    raise ProtocolError(f"the step's socket answered neither a result nor an error: {line[:200]!r}")


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except ValueError as error:
        raise ProtocolError(f"the step's socket did not answer in JSON: {error}") from None


def _error(kind: str, message: str) -> LateenError:
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, LateenError):
        return found(message)
    return ProtocolError(f"{kind}: {message}")
