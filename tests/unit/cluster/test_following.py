"""A Run is followed without haste and without loss, whatever its watches end with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from lateen.cluster.following import (
    LONGEST_PAUSE,
    PATIENCE_SECONDS,
    Clock,
    followed,
    pause,
)
from lateen.cluster.kubeconfig import Login
from lateen.cluster.progress import Progress
from lateen.cluster.server import Server
from lateen.domain.errors import ClusterRefused, ClusterUnavailable, RunFailed
from lateen.domain.spec import PipelineSpec, StepSpec

Json = dict[str, Any]
SPEC = PipelineSpec("p", steps=(StepSpec("load", "load"),))
LOST = {"type": "ERROR", "object": {"code": 410, "reason": "Expired"}}


def run(version: str = "1", uid: str = "u", phase: str | None = None) -> Json:
    metadata = {"name": "p-1", "uid": uid, "resourceVersion": version}
    return {"metadata": metadata, **({"status": {"phase": phase}} if phase else {})}


class Pages:
    """A namespace whose watches are the given ones, each as long as it says."""

    namespace = "iris"

    def __init__(self, listed: Json, *watches: tuple[float, list[Json]]) -> None:
        self.listed = listed
        self.watched: list[str] = []
        self.slept: list[float] = []
        self.now = 0.0
        self._watches = iter(watches)

    def found(self, name: str) -> tuple[Json, str]:
        return self.listed, str(100 + len(self.watched))

    def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
        self.watched.append(version)
        lasts, events = next(self._watches)
        self.now += lasts
        yield from events

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def follow(pages: Any, observe: Callable[[Any], None] = lambda _: None) -> Json:
    clock = Clock(lambda: pages.now, pages.sleep)
    return followed(
        run(), pages, Progress("p-1", SPEC, 0.0, lambda step, attempt: None), observe, clock
    )


ENDED = (1.0, [{"type": "MODIFIED", "object": run("9", phase="Succeeded")}])


def test_a_watch_begins_at_the_list_s_version_and_not_at_the_run_s() -> None:
    pages = Pages(run(), (10, []), (240, []), ENDED)
    assert follow(pages)["status"]["phase"] == "Succeeded"
    assert pages.watched == ["1", "101", "102"]
    assert set(pages.slept) == {0.0}


def test_after_watches_that_end_at_once_there_are_pauses_that_grow_to_a_limit() -> None:
    pages = Pages(run(), *[(0.0, [LOST])] * 8, (240, []), (0.0, [LOST]), ENDED)
    follow(pages)
    assert pages.slept == [0.5, 1, 2, 4, 8, *[LONGEST_PAUSE] * 3, 0.0, 0.5]


def test_a_pause_is_bounded_however_often_it_was_tried() -> None:
    assert pause(0) == 0.0
    assert pause(100_000) == LONGEST_PAUSE


def test_a_watch_that_the_server_refuses_as_too_old_begins_anew() -> None:
    class Refusing(Pages):
        def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
            if version == "1":
                self.watched.append(version)
                raise ClusterRefused("too old resource version", 410)
            yield from super().changes(name, version, seconds)

    pages = Refusing(run(), ENDED)
    follow(pages)
    assert pages.watched == ["1", "101"]
    assert pages.slept == [0.5]


class Cut(Pages):
    """A namespace behind a proxy that cuts every watch, and whose list is away for a while."""

    def __init__(self, lasts: float, ends: float, away: tuple[float, float] = (0, 0)) -> None:
        super().__init__(run())
        self.lasts, self.ends, self.away = lasts, ends, away

    def found(self, name: str) -> tuple[Json, str]:
        begins, returns = self.away
        if begins <= self.now < returns:
            raise ClusterUnavailable("the API server does not answer")
        return run(phase="Succeeded" if self.now >= self.ends else "Running"), "100"

    def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
        self.now += self.lasts
        yield from ()
        raise ClusterUnavailable("the connection was cut")


@pytest.mark.parametrize("lasts", [1.0, 60.0, 350.0])
def test_watches_that_are_always_cut_do_not_end_the_following(lasts: float) -> None:
    pages = Cut(lasts, ends=4 * PATIENCE_SECONDS)
    assert follow(pages)["status"]["phase"] == "Succeeded"
    assert pages.now >= 4 * PATIENCE_SECONDS
    assert pages.slept[-1] == (LONGEST_PAUSE if lasts < 3 else 0.0)


@pytest.mark.parametrize("lasts", [0.0, 60.0, 239.0])
def test_a_server_has_the_whole_patience_to_come_back(lasts: float) -> None:
    back = lasts + PATIENCE_SECONDS - 1
    pages = Cut(lasts, ends=back, away=(lasts, back))
    assert follow(pages)["status"]["phase"] == "Succeeded"


def test_a_server_that_stays_away_ends_the_following() -> None:
    pages = Cut(1.0, ends=1e9, away=(100.0, 1e9))
    with pytest.raises(ClusterUnavailable, match="does not answer"):
        follow(pages)
    assert 100 + PATIENCE_SECONDS < pages.now < 100 + PATIENCE_SECONDS + 3 * LONGEST_PAUSE


def test_nobody_is_said_to_miss_a_run_before_its_time() -> None:
    pages, told = Pages(run(), *[(4.0, [])] * 5, ENDED), list[tuple[str, float]]()
    follow(pages, lambda event: told.append((event["kind"], pages.now)))
    assert ("run-unnoticed", 12.0) in told
    assert [kind for kind, _ in told].count("run-unnoticed") == 1


def test_another_run_of_the_name_ends_the_following() -> None:
    with pytest.raises(RunFailed, match="was deleted while it was followed"):
        follow(Pages(run(uid="another"), (240, [])))


def test_an_interrupt_while_a_watch_is_let_go_of_ends_the_following() -> None:
    class Interrupted(Pages):
        def changes(self, name: str, version: str, seconds: int) -> Generator[Json]:
            self.watched.append(version)
            if len(self.watched) > 1:
                yield from ENDED[1]
            try:
                yield LOST
            finally:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(Interrupted(run()))


def test_an_interrupt_while_the_answer_is_let_go_of_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Answer:
        status = 200

        def stream(self, decode_content: bool) -> Iterator[bytes]:
            try:
                yield b'{"type": "ERROR"}\n'
                yield b"more"
            finally:
                raise KeyboardInterrupt

        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    from kubernetes.client import Configuration

    server = Server(Login("kind", "iris", Configuration(host="http://127.0.0.1:1")))
    monkeypatch.setattr(server, "_answer", lambda *_, **__: Answer())
    changes = server.changes("p-1", "1", 10)
    assert next(changes) == {"type": "ERROR"}
    with pytest.raises(KeyboardInterrupt):
        changes.close()
