"""A network that loses what it is told to lose, between libpq and the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit


class Lost(Enum):
    """What of one query is lost, and its connection with it."""

    REQUEST = auto()
    """The server never sees it."""
    ANSWER = auto()
    """The server has done it, and the client never learns."""
    CONNECTION = auto()
    """The client is cut off while the server is still at it."""


class Proxy:
    """Forwards connections to a server's socket until a query comes that is to be lost."""

    def __init__(
        self, url: str, folder: Path, query: bytes, lost: Lost, then: Callable[[], None]
    ) -> None:
        parts = urlsplit(url)
        where = parse_qs(parts.query)
        port = where["port"][0]
        self._server = f"{where['host'][0]}/.s.PGSQL.{port}"
        self._query, self._lost, self._then = query, lost, then
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        self.url = urlunsplit(
            parts._replace(query=f"host={quote(str(folder), safe='')}&port={port}")
        )
        self.losses = 0

    def __enter__(self) -> Self:
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server."""
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if self.losses == 0 and self._query in data:
                    self.losses += 1
                    self._lose(data, client, server)
                    return
                server.sendall(data)
        _cut(server)

    def _pass(self, server: socket.socket, client: socket.socket) -> None:
        """From the server to the client."""
        with suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
        _cut(client)

    def _lose(self, data: bytes, client: socket.socket, server: socket.socket) -> None:
        if self._lost is Lost.ANSWER:
            client.shutdown(socket.SHUT_WR)  # so that what the server says cannot go on
        if self._lost is not Lost.REQUEST:
            server.sendall(data)
        self._then()
        _cut(client)
        if self._lost is Lost.REQUEST:
            _cut(server)


def _cut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
