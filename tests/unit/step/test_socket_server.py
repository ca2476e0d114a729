"""The server of a step's socket, asked by whoever shares the directory."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from lateen.client import SocketTransport
from lateen.domain.errors import ProtocolError
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


class _Unspeakable:
    """Answers with what no JSON can hold."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        return {("a", "pair"): 1}


def test_who_asks_is_answered_even_where_the_answer_cannot_be_said(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket_server.served_at(_Unspeakable(), path):
        transport = SocketTransport(path)
        with pytest.raises(ProtocolError, match="could not be answered: TypeError"):
            transport.call("any")
        transport.close()


def test_a_long_request_is_answered_while_another_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket_server.served_at(_Length(), path), socket.socket(socket.AF_UNIX) as endless:
        endless.connect(str(path))
        endless.sendall(b"x" * (socket_server.SHORT_REQUEST - 1))
        transport = SocketTransport(path)
        assert transport.call("any", text="y" * (1 << 20)) == 1 << 20
        transport.close()
