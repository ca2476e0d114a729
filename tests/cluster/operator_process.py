"""The operator as a process of this machine, for a quick try of changed code."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.cluster.cluster import Cluster
from tests.cluster.trouble import Trouble
from tests.cluster.waiting import until

COMMAND = (sys.executable, "-m", "lateen_operator")


@dataclass(slots=True)
class OperatorProcess:
    """A running operator, that can be killed and started again."""

    environment: Mapping[str, str] = field(repr=False)
    log: Path
    port: int
    process: subprocess.Popen[bytes] = field(init=False, repr=False)

    def start(self, *, wait: bool = True, **further: str) -> None:
        """Starts it with a further environment, and waits until it is ready."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                COMMAND, env={**self.environment, **further}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output,
            )  # fmt: skip
        try:
            if wait:
                until(self._ready, "the operator to become ready", seconds=30)
        except Trouble as trouble:
            self.kill()
            raise Trouble(f"{trouble}\n{self.logs()[-4000:]}") from None

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it as a rollout does."""
        self.process.terminate()
        self.process.wait()

    def died(self, seconds: float = 60) -> bool:
        """Whether SIGKILL ends it within so long, as it does at a boundary of its choice."""
        try:
            return self.process.wait(seconds) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def health(self) -> tuple[int, str]:
        """What a liveness probe gets: the HTTP status, and a line for each check."""
        try:
            return 200, self._read("/healthz")
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def logs(self) -> str:
        """What it has said."""
        return self.log.read_text()

    def metrics(self) -> str:
        """What Prometheus would read."""
        return self._read("/metrics")

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise Trouble(f"the operator ended:\n{self.logs()[-4000:]}")
        try:
            return bool(self._read("/readyz"))
        except (URLError, ConnectionError):
            return False

    def _read(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())


@contextmanager
def running(
    cluster: Cluster, folder: Path, namespaces: Sequence[str], **settings: str
) -> Iterator[OperatorProcess]:
    """An operator of these namespaces, or of all, that leads without asking."""
    port = _free_port()
    environment = {
        **cluster.environment,
        "LATEEN_IMAGE": cluster.load("lateen"),
        "LATEEN_NAMESPACES": ",".join(namespaces),
        "LATEEN_ELECTION": "off",
        "LATEEN_LISTEN": f"127.0.0.1:{port}",
        **settings,
    }
    operator = OperatorProcess(environment, folder / "operator.log", port)
    operator.start()
    try:
        yield operator
    finally:
        operator.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
