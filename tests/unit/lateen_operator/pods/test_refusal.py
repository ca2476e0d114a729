"""What it means that the API server refuses to create a Pod."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.states import FailureCause
from lateen_operator.pods.refusal import refused
from tests.strategies.specs import json_values


@pytest.mark.parametrize(
    ("code", "message", "reason", "stays"),
    [
        (403, "exceeded quota: pods, requested: pods=1, used: pods=10", "QuotaExceeded", False),
        (403, 'violates PodSecurity "restricted:latest": seccompProfile', "PodRefused", True),
        (403, 'admission webhook "x" denied the request: no answer', "PodRefused", False),
        (500, "admission webhook failed", "PodNotCreated", False),
        (429, "too many requests", "PodNotCreated", False),
    ],
)
def test_what_may_pass_is_shown_and_tried_again(
    code: int, message: str, reason: str, stays: bool
) -> None:
    refusal = refused(code, {"kind": "Status", "message": message})
    assert refusal.end is None
    assert refusal.shown.reason == reason
    assert message in refusal.shown.message
    assert refusal.shown.stays is stays


@pytest.mark.parametrize("code", [400, 422])
def test_a_pod_that_is_invalid_ends_the_attempt(code: int) -> None:
    message = "Invalid value: must be less than or equal to memory limit of 1Gi"
    end = refused(code, {"message": message}).end
    assert end is not None
    assert (end.cause, end.reason) == (FailureCause.USER, "PodInvalid")
    assert end.message == f"the API server refuses its Pod: {message}"


@given(st.integers(100, 599), json_values)
def test_every_answer_means_something(code: int, body: Any) -> None:
    assert refused(code, body).shown.message
    assert refused(code, {"message": body}).shown.message
