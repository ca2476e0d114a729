"""An API server seen through a proxy, whose watches fall silent or lie, and which meddles."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.cluster.api import Api, Json

Change = Callable[[Json], Json]
KEPT = ("Accept", "Content-Type", "User-Agent")


class ApiProxy:
    """Passes everything on; while it is silent, what watches deliver is lost."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.silent = threading.Event()
        self.forge: Change = _unchanged
        """What a watch delivers in place of an event."""
        self.admit: Change = _unchanged
        """What is made of a new Pod, as a mesh's webhook does."""
        self.version: Change = _unchanged
        """What it tells of its version."""
        self.asked: list[str] = []
        """Each request: its method and its path, with the query."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def kubeconfig(self, folder: Path) -> Path:
        """For whoever is to be served by it."""
        host, port = self._server.server_address[:2]
        cluster = {"name": "proxied", "cluster": {"server": f"http://{host!s}:{port}"}}
        user = {"name": "nobody", "user": {"token": "none"}}
        context = {"name": "it", "context": {"cluster": "proxied", "user": "nobody"}}
        whole = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "users": [user],
            "contexts": [context],
            "current-context": "it",
        }
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(whole))
        return file

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serves in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.pass_on(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the server's names

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        """Passes one request on, and its answer back."""
        self.asked.append(f"{asked.command} {asked.path}")
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        if asked.command == "POST" and asked.path.endswith("/pods"):
            body = _changed(body, self.admit)
        headers = {name: asked.headers[name] for name in KEPT if asked.headers[name]}
        answer = self._api.opened(asked.command, asked.path, headers, body)
        try:
            asked.send_response(answer.status)
            asked.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            asked.end_headers()
            lossy = "watch=" in asked.path
            for line in answer if lossy else [answer.read()]:
                if not (lossy and self.silent.is_set()):
                    # Asked each time: a watch lasts longer than what a test wants of it.
                    asked.wfile.write(_changed(line, self._change(asked.path)))
                    asked.wfile.flush()
        except (OSError, urllib3.exceptions.HTTPError):
            pass  # whoever asked has gone, or who answers
        finally:
            answer.close()

    def _change(self, path: str) -> Change:
        if "watch=" in path:
            return self.forge
        return self.version if path == "/version" else _unchanged


def _changed(text: bytes, change: Change) -> bytes:
    return text if change is _unchanged else json.dumps(change(json.loads(text))).encode() + b"\n"


def _unchanged(given: Json) -> Json:
    return given
