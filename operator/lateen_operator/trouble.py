"""What keeps the operator from looking at a Run, in words for the Run's owner."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.domain.errors import LateenError, TemporaryError


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason and a message for a condition."""

    reason: str
    message: str


def trouble(error: Exception) -> Trouble:
    """The trouble that an error is; a defect's own words may be secret, so its type must do."""
    if type(error) is TemporaryError:
        return Trouble("TriedAgain", str(error))
    if isinstance(error, LateenError):
        return Trouble(type(error).__name__, str(error))
    return Trouble(
        "OperatorFailed",
        f"a defect of Lateen's operator ({type(error).__name__}) keeps the Run from going on; it is"
        " tried again, and the operator's log tells more",
    )
