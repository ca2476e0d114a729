"""What it means that the API server refuses to create a Pod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.states import FailureCause
from lateen_operator.pods.findings import End, Shown, cut, with_detail

POD_REFUSED = "PodRefused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to show, and whether another try makes sense."""

    shown: Shown
    end: End | None = None
    """The attempt is over; None: try again, with pauses, until the start timeout."""


def refused(code: int, body: Any) -> Refusal:
    """The meaning of an answer to the creation of a Pod: its HTTP code and its JSON."""
    found = body.get("message") if isinstance(body, Mapping) else None
    message = cut(found) if isinstance(found, str) else ""
    if code in (400, 422):
        words = with_detail("the API server refuses its Pod", message)
        end = End(FailureCause.USER, "PodInvalid", words)
        return Refusal(Shown(end.reason, end.message), end)
    return Refusal(_shown(code, message))


def _shown(code: int, message: str) -> Shown:
    if code == 403 and "exceeded quota" in message:
        words = "the namespace's quota has no room"
        return Shown("QuotaExceeded", with_detail(words, message))
    if code == 403 and "violates PodSecurity" in message:
        words = "the namespace's Pod Security"
        return Shown(POD_REFUSED, with_detail(words, message), stays=True)
    if code == 403:  # such as a webhook that is down
        return Shown(POD_REFUSED, with_detail("the API server refuses its Pod", message))
    words = f"the API server answered {code} instead of making its Pod"
    return Shown("PodNotCreated", with_detail(words, message))
