"""Whether the operator is alive and ready, and its metrics, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lateen.domain.errors import SetupError
from lateen_operator import metrics

Check = Callable[[], str | None]
"""What is wrong, in words; None where nothing is."""


class Health:
    """Serves /healthz, /readyz and /metrics."""

    def __init__(
        self, address: str, alive: Mapping[str, Check], ready: Mapping[str, Check]
    ) -> None:
        host, _, port = address.rpartition(":")
        checks = {"/healthz": alive, "/readyz": ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(200, metrics.exposed(), "text/plain; version=0.0.4")
                elif self.path in checks:
                    code, words = checked(checks[self.path])
                    self._answer(code, words.encode(), "text/plain; charset=utf-8")
                else:
                    self._answer(404, b"there is /healthz, /readyz and /metrics\n", "text/plain")

            def _answer(self, code: int, body: bytes, form: str) -> None:
                self.send_response(code)
                self.send_header("Content-Type", form)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass  # a probe a second is no news

        try:
            self._server = ThreadingHTTPServer((host, int(port)), Handler)
        except OSError as error:
            raise SetupError(
                f"the operator cannot listen at {address} ({error.strerror}); choose another place"
                " with --listen"
            ) from None
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        threading.Thread(
            target=self._server.serve_forever, name="lateen-health", daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def checked(checks: Mapping[str, Check]) -> tuple[int, str]:
    """The HTTP status of some checks, and a line for each."""
    found = {name: check() for name, check in checks.items()}
    lines = [f"{name}: {words or 'ok'}\n" for name, words in found.items()]
    return (503 if any(found.values()) else 200), "".join(lines)
