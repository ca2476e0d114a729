"""An API server seen through a proxy, whose watches can be made to fall silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.cluster.api import Api

KEPT = ("Accept", "Content-Type", "User-Agent")


class ApiProxy:
    """Passes everything on; while it is silent, what watches deliver is lost."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.silent = threading.Event()
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
        length = int(asked.headers.get("Content-Length") or 0)
        headers = {name: asked.headers[name] for name in KEPT if asked.headers[name]}
        answer = self._api.opened(asked.command, asked.path, headers, asked.rfile.read(length))
        try:
            asked.send_response(answer.status)
            asked.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            asked.end_headers()
            lossy = "watch=" in asked.path
            for line in answer if lossy else [answer.read()]:
                if not (lossy and self.silent.is_set()):
                    asked.wfile.write(line)
                    asked.wfile.flush()
        except (OSError, urllib3.exceptions.HTTPError):
            pass  # whoever asked has gone, or who answers
        finally:
            answer.close()
