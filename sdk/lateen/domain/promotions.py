"""Why a promotion is refused, in the same words before the commit and at it."""

from __future__ import annotations

from lateen.domain.errors import StageProtectedError, StageTakenError


def taken(model: str, stage: str, incumbent: str) -> StageTakenError:
    """Another version holds the stage."""
    return StageTakenError(
        f"version {incumbent} of {model!r} is in {stage} already; to archive it and take its place,"
        " promote with force=True, or `lateen promote --force`"
    )


def unexpected(model: str, stage: str, expected: str, incumbent: str | None) -> StageTakenError:
    """Another version than the expected one holds the stage, or none does."""
    wanted = "no version" if expected == NOBODY else f"version {expected}"
    there = "no version" if incumbent is None else f"version {incumbent}"
    return StageTakenError(
        f"expected {wanted} of {model!r} in {stage}, but {there} is there now; look again before"
        f" you promote: `lateen history {model}` shows who moved it"
    )


def protected(model: str, before: str, after: str) -> StageProtectedError:
    """The promotion comes from a step, and one of the two stages is kept from steps."""
    return StageProtectedError(
        f"a stage of {model!r} is protected from steps, so no step can bring a version from"
        f" {before} to {after}; outside of a step, set_stage(...) or `lateen promote` can"
    )


NOBODY = "none"
"""Expected where the stage is to be empty."""
