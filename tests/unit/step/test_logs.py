from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

import pytest

from lateen.step.logs import HEAD_BYTES, LONGEST, TAIL_BYTES, BoundedLog, captured, read_log


def test_what_is_printed_goes_to_the_log_and_where_it_went_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with captured(tmp_path / "log"):
        print("out")
        print("error", file=sys.stderr)
    print("after")
    assert (tmp_path / "log").read_text() == "out\nerror\n"
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == ("out\nafter\n", "error\n")


def test_a_silent_step_has_no_log(tmp_path: Path) -> None:
    with captured(tmp_path / "log"):
        pass
    assert not (tmp_path / "log").exists()


def test_the_streams_come_back_though_the_step_raises(tmp_path: Path) -> None:
    def failing() -> None:
        with captured(tmp_path / "log"):
            print("so far")
            raise ZeroDivisionError

    before = sys.stdout
    with pytest.raises(ZeroDivisionError):
        failing()
    assert sys.stdout is before
    assert (tmp_path / "log").read_text() == "so far\n"


def test_a_log_is_on_disk_while_the_step_runs(tmp_path: Path) -> None:
    with captured(tmp_path / "log"):
        print("already")
        assert (tmp_path / "log").read_text() == "already\n"


def test_a_long_log_keeps_its_start_and_its_end_and_says_how_much_is_missing(
    tmp_path: Path,
) -> None:
    log = BoundedLog(tmp_path / "log")
    line = "x" * 1023 + "\n"
    for _ in range(2 * 1024):
        log.write(line)
    log.write("the end\n")
    log.close()
    text = (tmp_path / "log").read_text()
    cut = 2 * 1024 * 1024 + len("the end\n") - HEAD_BYTES - TAIL_BYTES
    note = f"\n... {cut} bytes of this log were cut here ...\n"
    assert text.startswith(line)
    assert text.endswith("x\nthe end\n")
    assert note in text
    assert len(text) == HEAD_BYTES + len(note) + TAIL_BYTES


def test_a_log_whose_process_is_killed_has_its_last_lines(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log")
    for number in range(200_000):
        log.add(b"line %09d\n" % number)
        if number % 37_511 == 0:
            found = read_log(tmp_path / "log")
            assert found.endswith(b"line %09d\n" % number)
            assert len(found) <= LONGEST
    assert b"bytes of this log were cut here" in read_log(tmp_path / "log")
    log.close()


def test_one_long_write_is_cut_as_many_short_ones_are(tmp_path: Path) -> None:
    for name, sizes in (("one", [5 << 20]), ("many", [1 << 10] * (5 << 10))):
        log = BoundedLog(tmp_path / name)
        for size in sizes:
            log.add(b"x" * size)
        log.close()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()


@pytest.mark.parametrize("size", [HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + TAIL_BYTES])
def test_a_log_that_just_fits_is_whole(tmp_path: Path, size: int) -> None:
    log = BoundedLog(tmp_path / "log")
    log.write("x" * size)
    log.close()
    assert (tmp_path / "log").read_text() == "x" * size


def test_half_a_character_is_escaped(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log")
    log.write("a\ud800b")
    log.close()
    assert (tmp_path / "log").read_text() == "a\\ud800b"


def test_threads_share_one_log(tmp_path: Path) -> None:
    def speak() -> None:
        for _ in range(200):
            print("x" * 50)

    with captured(tmp_path / "log"):
        threads = [threading.Thread(target=speak) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    text = (tmp_path / "log").read_text()
    assert text.count("x") == 4 * 200 * 50
    assert text.count("\n") == 4 * 200


def test_a_step_in_a_step_is_in_both_logs(tmp_path: Path) -> None:
    with captured(tmp_path / "outer"):
        print("a")
        with captured(tmp_path / "inner"):
            print("b")
        print("c")
    assert (tmp_path / "outer").read_text() == "a\nb\nc\n"
    assert (tmp_path / "inner").read_text() == "b\n"


def test_a_logger_that_one_step_made_goes_on_in_the_log_of_the_next(tmp_path: Path) -> None:
    logger = logging.getLogger("a-step-of-this-test")
    with captured(tmp_path / "first"):
        logger.addHandler(logging.StreamHandler())
        logger.warning("one")
    logger.warning("between")
    with captured(tmp_path / "second"):
        logger.warning("two")
    assert (tmp_path / "first").read_text() == "one\n"
    assert (tmp_path / "second").read_text() == "two\n"


def test_a_stream_that_the_step_put_in_place_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    with captured(tmp_path / "log"), open(tmp_path / "own", "w") as own:
        sys.stdout = own
    assert sys.stdout is own


def test_what_else_a_stream_can_do_it_still_does(tmp_path: Path) -> None:
    before = sys.stdout
    with captured(tmp_path / "log"):
        assert sys.stdout.encoding == before.encoding
        assert sys.stdout.isatty() == before.isatty()
        assert sys.stdout.buffer is before.buffer
        assert sys.stdout.writable()


def test_a_disk_without_room_costs_the_log_and_not_the_step() -> None:
    log = BoundedLog(Path("/dev/full"))
    log.write("much\n")
    log.close()
    assert log.closed
