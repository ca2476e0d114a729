"""Why a run or a step ended, in words that programs may compare."""

from __future__ import annotations

STEP_FAILED = "StepFailed"
TIMED_OUT = "TimedOut"
CANCELLED = "Cancelled"
STOPPED = "Stopped"
SUCCEEDED = "Succeeded"

ON_REQUEST = "cancelled on request"
"""The message of what its owner cancelled."""
