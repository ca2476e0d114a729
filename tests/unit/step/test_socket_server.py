"""The server of a step's socket, asked by whoever shares the directory."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lateen.client import SocketTransport
from lateen.step import socket_server


class _Length:
    """Answers with the length of what it was given."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        return len(arguments["text"])


def test_a_request_that_is_too_long_is_refused_and_the_next_one_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket_server.served_at(_Length(), path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        answers = client.makefile("rb")
        client.sendall(b"x" * (socket_server.LONGEST_REQUEST + 1) + b"\n")
        assert json.loads(answers.readline())["error"]["type"] == "UserError"
        client.sendall(b'{"operation": "any", "arguments": {"text": "abc"}}\n')
        assert json.loads(answers.readline()) == {"result": 3}


def test_a_long_request_is_answered_while_another_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket_server.served_at(_Length(), path), socket.socket(socket.AF_UNIX) as endless:
        endless.connect(str(path))
        endless.sendall(b"x" * (socket_server.SHORT_REQUEST - 1))
        transport = SocketTransport(path)
        assert transport.call("any", text="y" * (1 << 20)) == 1 << 20
        transport.close()
