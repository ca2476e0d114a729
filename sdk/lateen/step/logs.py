"""The bounded log of a step: what it printed, and where it was cut."""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

HEAD_BYTES = 1 << 20
TAIL_BYTES = 256 << 10
LONGEST = HEAD_BYTES + 3 * TAIL_BYTES + 1024
"""Bytes of a log, with the line about what is missing, whose process was killed."""


_open: list[BoundedLog] = []
"""The logs of the steps that run now, the innermost last."""


class BoundedLog:
    """Keeps the first megabyte and the last quarter of one.

    All of it is in the file at any moment, for the process may be killed at any moment: what lies
    between is taken out each time that there is another quarter of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._tail_at = HEAD_BYTES
        """Where the tail begins: after the head, and the line about what is missing."""
        self._cut = 0
        self._lock = threading.Lock()
        self._file: io.FileIO | None = None
        self.closed = False

    def write(self, text: str) -> None:
        """Adds what was printed; once it is closed, nothing."""
        self.add(text.encode("utf-8", "backslashreplace"))

    def add(self, data: bytes) -> None:
        """Adds bytes; a full disk costs the log what it has no room for, not the step."""
        with self._lock, suppress(OSError):
            if self.closed or not data:
                return
            if self._file is None:
                self._file = io.FileIO(self._path, "w+")
            for start in range(0, len(data), TAIL_BYTES):
                self._size += self._file.write(data[start : start + TAIL_BYTES])
                self._cut_out(self._file, 2 * TAIL_BYTES)

    def _cut_out(self, file: io.FileIO, longest: int) -> None:
        """Takes out what lies between head and tail, where that makes it longer than it may be."""
        if self._size - self._tail_at <= longest:
            return
        tail = os.pread(file.fileno(), TAIL_BYTES, self._size - TAIL_BYTES)
        self._cut += self._size - TAIL_BYTES - self._tail_at
        note = f"\n... {self._cut} bytes of this log were cut here ...\n".encode()
        self._tail_at = HEAD_BYTES + len(note)
        self._size = self._tail_at + len(tail)
        file.seek(HEAD_BYTES)
        file.write(note + tail)
        file.truncate()

    def close(self) -> None:
        """Ends the log; nothing is added any more."""
        with self._lock:
            self.closed = True
            if self._file is not None:
                with suppress(OSError):
                    self._cut_out(self._file, TAIL_BYTES)
                self._file.close()


class _Tee(io.TextIOBase):
    """A stream that also goes to the log; everything else is the original stream's."""

    def __init__(self, stream: TextIO, log: BoundedLog) -> None:
        self._stream = stream
        self._log = log

    def write(self, text: str) -> int:
        self._current_log().write(text)
        return self._stream.write(text)

    def _current_log(self) -> BoundedLog:
        """Its own, or the running step's: a logger keeps the stream that it was made with."""
        return _open[-1] if self._log.closed and _open else self._log

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def captured(path: Path) -> Iterator[None]:
    """Copies what Python code prints into the log while the block runs."""
    log = BoundedLog(path)
    out, err = sys.stdout, sys.stderr
    tee_out, tee_err = _Tee(out, log), _Tee(err, log)
    sys.stdout, sys.stderr = tee_out, tee_err
    _open.append(log)
    try:
        yield
    finally:
        # A step that replaced a stream itself keeps its replacement.
        if sys.stdout is tee_out:
            sys.stdout = out
        if sys.stderr is tee_err:
            sys.stderr = err
        _open.remove(log)
        log.close()


def read_log(path: Path) -> bytes:
    """What a step printed; the step may have put something else into the log's place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        return f"... the step's log cannot be read ({error.strerror}) ...\n".encode()
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return b"... something that is no regular file lies in place of the step's log ...\n"
    with open(descriptor, "rb") as file:
        return file.read(LONGEST)
