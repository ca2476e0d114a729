"""A network that loses what it is told to lose, between libpq and the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit


class Proxy:
    """Forwards connections to a server's socket, and cuts the first one that asks ``query``.

    Where ``delivered``, the server gets the query and its answer is lost; otherwise it never sees
    it. ``meanwhile`` runs before the client learns that its connection is gone.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        query: bytes,
        delivered: bool,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        parts = urlsplit(url)
        where = parse_qs(parts.query)
        port = where["port"][0]
        self._server = f"{where['host'][0]}/.s.PGSQL.{port}"
        self.query, self._delivered, self._meanwhile = query, delivered, meanwhile
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        place = f"host={quote(str(folder), safe='')}&port={port}"
        self.url = urlunsplit(parts._replace(query=place))
        self.cut = False

    def __enter__(self) -> Self:
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                deaf = threading.Event()
                for work in (self._ask, self._answer):
                    threading.Thread(target=work, args=(client, server, deaf), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if not self.cut and self.query in data:
                    self.cut = True
                    deaf.set()
                    if self._delivered:
                        server.sendall(data)
                    self._meanwhile()
                    _close(client)
                    break
                server.sendall(data)
        if not deaf.is_set() or not self._delivered:
            _close(server)

    def _answer(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if deaf.is_set():
                    break
                client.sendall(data)
        _close(server)
        _close(client)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
