from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lateen.client import SocketTransport
from lateen.client.socket_transport import ONCE
from lateen.domain.errors import CatalogUnavailable, NotFoundError, ProtocolError
from tests.unit.client.children import ended_well, forked
from tests.unit.client.socket_server import error, result, serving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "socket"


def _echo(request: dict[str, object]) -> bytes:
    return result(request)


def test_an_operation_goes_there_and_its_result_comes_back(path):
    with serving(path, _echo):
        transport = SocketTransport(path)
        answer = transport.call("artifact_version", name="größe\n", self=[1, {"a": None}])
        transport.close()
    assert answer == {
        "operation": "artifact_version",
        "arguments": {"name": "größe\n", "self": [1, {"a": None}]},
    }


def test_a_thread_keeps_its_connection_and_a_closed_one_is_opened_again(path):
    with serving(path, _echo) as server:
        transport = SocketTransport(path)
        for n in range(3):
            transport.call("count", n=n)
        assert server.connections == 1
        transport.close()
        transport.call("count", n=3)
        assert server.connections == 2
        transport.close()


def test_errors_arrive_as_the_class_they_had(path):
    with serving(path, lambda _: error("NotFoundError", "no 'x'; did you mean 'y'?")):
        transport = SocketTransport(path)
        with pytest.raises(NotFoundError, match="did you mean 'y'"):
            transport.call("run", name="x")
        transport.close()


@pytest.mark.parametrize("kind", ["KeyError", "Any", "annotations"])
def test_errors_of_no_class_of_ours_are_protocol_errors(path, kind):
    with serving(path, lambda _: error(kind, "what")):
        transport = SocketTransport(path)
        with pytest.raises(ProtocolError, match=f"{kind}: what"):
            transport.call("run")
        transport.close()


@pytest.mark.parametrize("answer", [b"[]", b"not json", b'{"results": 1}', b'{"error": "x"}'])
def test_an_answer_that_is_none_is_a_protocol_error(path, answer):
    with serving(path, lambda _: answer):
        transport = SocketTransport(path)
        with pytest.raises(ProtocolError):
            transport.call("run")
        transport.close()


def test_threads_ask_at_the_same_time_and_each_gets_its_own_answers(path):
    together = threading.Barrier(8)

    def answer(request: dict[str, object]) -> bytes:
        together.wait(10)  # every thread's request is in flight before the first is answered
        return result(request["arguments"]["n"])

    transport = SocketTransport(path)

    def ask(n: int) -> bool:
        found = transport.call("count", n=n) == n
        transport.close()
        return found

    with serving(path, answer), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_connections_of_ended_threads_are_closed(path):
    with serving(path, _echo):
        transport = SocketTransport(path)
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0
        for n in range(5):
            thread = threading.Thread(target=transport.call, args=("count",), kwargs={"n": n})
            thread.start()
            thread.join()
        after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else 0
    assert after - before <= 5  # the server's ends at most; ours are gone


def test_a_forked_child_asks_over_a_connection_of_its_own(path):
    with serving(path, lambda request: result(request["arguments"]["n"])) as server:
        transport = SocketTransport(path)
        assert transport.call("count", n=1) == 1
        child = forked(lambda: [transport.call("count", n=n) for n in (2, 3)] == [2, 3])
        assert [transport.call("count", n=n) for n in (4, 5)] == [4, 5]
        assert ended_well(child)
        # The child closed what it inherited; ours works all the same.
        assert transport.call("count", n=6) == 6
        assert server.connections == 2
        transport.close()


def _count_in_worker(transport: SocketTransport, n: int, answers: multiprocessing.Queue) -> None:
    answers.put(transport.call("count", n=n))
    transport.close()


def test_forked_workers_of_a_pool_ask_too(path):
    fork = multiprocessing.get_context("fork")
    with serving(path, lambda request: result(request["arguments"]["n"])):
        transport = SocketTransport(path)
        transport.call("count", n=0)
        answers = fork.SimpleQueue()
        workers = [
            fork.Process(target=_count_in_worker, args=(transport, n, answers)) for n in range(3)
        ]
        for worker in workers:
            worker.start()
        assert sorted(answers.get() for _ in workers) == [0, 1, 2]
        for worker in workers:
            worker.join()
        transport.close()


def test_a_request_that_was_interrupted_leaves_no_answer_for_the_next(path):
    class Interrupted(BaseException):
        pass

    interrupted = threading.Event()

    def interrupt(*_: object) -> None:
        interrupted.set()
        raise Interrupted

    def answer(request: dict[str, object]) -> bytes:
        if request["arguments"]["n"] == 1:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            interrupted.wait(10)
        return result(request["arguments"]["n"])

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with serving(path, answer):
            transport = SocketTransport(path)
            with pytest.raises(Interrupted):
                transport.call("count", n=1)
            assert transport.call("count", n=2) == 2
            transport.close()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_nobody_at_the_socket_may_pass_by_itself(path):
    with pytest.raises(CatalogUnavailable, match="run: nobody answers at the step's socket"):
        SocketTransport(path).call("run")


def test_a_connection_that_breaks_is_opened_again_by_the_next_call(path):
    def answer(request: dict[str, object]) -> bytes | None:
        return None if request["operation"] == "break" else result("ok")

    with serving(path, answer):
        transport = SocketTransport(path)
        with pytest.raises(CatalogUnavailable, match="closed the connection"):
            transport.call("break")
        assert transport.call("run") == "ok"
        transport.close()


def test_somebody_who_is_not_there_yet_is_waited_for(path):
    asked = threading.Event()

    def ask() -> object:
        asked.set()
        return SocketTransport(path, patience=10).call("run")

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        asked.wait(10)
        with serving(path, lambda _: result("ok")):
            assert answer.result(10) == "ok"


def test_a_lost_answer_is_asked_for_again_where_that_is_harmless(path):
    answers = iter([None, result("ok")])
    with serving(path, lambda _: next(answers)):
        transport = SocketTransport(path, patience=10)
        assert transport.call("run") == "ok"
        transport.close()


@pytest.mark.parametrize("operation", sorted(ONCE))
def test_what_may_have_been_done_is_not_asked_for_again(path, operation):
    answers = iter([None, result("ok")])
    with serving(path, lambda _: next(answers)):
        transport = SocketTransport(path, patience=10)
        with pytest.raises(CatalogUnavailable, match="closed the connection"):
            transport.call(operation)
        assert transport.call("run") == "ok"
        transport.close()
