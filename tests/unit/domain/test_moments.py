from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lateen.domain.errors import ProtocolError, UserError
from lateen.domain.moments import Moment, time_hint
from lateen.domain.references import (
    ModelArtifact,
    ModelReference,
    described,
    subject_from_json,
    to_json,
)

MOMENTS = [
    (Moment(at="2026-03-01T12:00:00+00:00"), "at 2026-03-01T12:00:00+00:00"),
    (Moment(run="training-1"), "when the run 'training-1' started"),
    (Moment(event=4), "after the stage event 4"),
]


def test_a_moment_is_a_time_the_start_of_a_run_or_a_stage_event():
    assert Moment.of(datetime(2026, 3, 1, 12, tzinfo=UTC)) == MOMENTS[0][0]
    assert Moment.of("training-1") == MOMENTS[1][0]
    assert Moment.of(4) == MOMENTS[2][0]


def test_a_time_without_a_zone_is_refused_with_the_way_out():
    with pytest.raises(UserError, match=r"2026-03-01T12:00:00 has no time zone.*tzinfo=UTC"):
        Moment.of(datetime(2026, 3, 1, 12))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2026-11-22T23:00:00", "datetime.fromisoformat('2026-11-22T23:00:00+00:00')"),
        ("2026-11-22T23:00:00+01:00", "datetime.fromisoformat('2026-11-22T23:00:00+01:00')"),
        ("2026-11-22", "datetime.fromisoformat('2026-11-22T00:00:00+00:00')"),
        ("2026-11-22 23:00:00 UTC", "datetime(2026, 11, 22, tzinfo=UTC)"),
    ],
)
def test_a_text_that_is_written_like_a_time_is_answered_with_the_line_to_write(
    text: str, line: str
):
    assert time_hint(text) == (
        f"; a text names a run. A time is a datetime with its time zone: as_of={line}"
    )
    assert isinstance(eval(line, {"datetime": datetime, "UTC": UTC}), datetime)


@pytest.mark.parametrize("text", ["training-1", "training-20261122-143407-6fb39a71", "20261122"])
def test_a_text_that_may_be_a_run_is_not_taken_for_a_time(text: str):
    assert time_hint(text) == ""


@pytest.mark.parametrize("written", [True, 1.5, None, b"x"])
def test_what_is_no_moment_is_refused(written: Any):
    with pytest.raises(UserError, match="a moment is a datetime"):
        Moment.of(written)


@pytest.mark.parametrize(("moment", "words"), MOMENTS)
def test_a_model_reference_keeps_its_moment_in_json_and_in_words(moment: Moment, words: str):
    reference = ModelReference("m", "production", moment)
    data = {"model": {"name": "m", "version": "production", "asOf": moment.to_json()}}
    assert to_json(reference) == data
    assert subject_from_json(data) == reference
    assert described(reference) == f"the model 'm' in production {words}"
    artifact = ModelArtifact(reference, "t")
    assert subject_from_json(to_json(artifact)) == artifact


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"at": "2026-03-01T12:00:00"},
        {"at": "noon"},
        {"at": 3},
        {"run": 3},
        {"event": "3"},
        {"event": 0},
        {"event": 2**63},
        [],
    ],
)
def test_what_the_protocol_does_not_know_is_refused(data: Any):
    with pytest.raises(ProtocolError, match="not a moment"):
        Moment.from_json(data)
