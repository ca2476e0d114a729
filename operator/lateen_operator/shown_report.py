"""What a status says already: an operator that knows no more tells none of it as an Event again.

Its Events were handed on before it was. An operator that is killed in the moment between the two
may leave one untold; to tell all of them anew would repeat, after each outage, what is hours old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from lateen.domain.states import RunPhase, StepPhase
from lateen_operator.checks import Rejected
from lateen_operator.status import RunReport, StepReport

Json = Mapping[str, Any]
P = TypeVar("P", RunPhase, StepPhase)


def shown_report(status: Any) -> RunReport | None:
    """The report behind a Run's status, as far as Events follow from it; never raises.

    None where the status does not say whether the Run was accepted.
    """
    accepted = _accepted(_object(status).get("conditions"))
    if accepted is None:
        return None
    phase = _phase(RunPhase, _object(status), RunPhase.PENDING)
    if accepted.get("status") != "True":
        words = str(accepted.get("reason", "")), str(accepted.get("message", ""))
        return RunReport(phase, rejected=Rejected(*words))
    steps = _object(_object(status).get("steps"))
    return RunReport(phase, steps={name: _step(_object(step)) for name, step in steps.items()})


def _accepted(conditions: Any) -> Json | None:
    found = map(_object, conditions if isinstance(conditions, list) else ())
    return next((item for item in found if item.get("type") == "Accepted"), None)


def _step(step: Json) -> StepReport:
    attempts, reason = step.get("attempts"), step.get("reason")
    return StepReport(
        _phase(StepPhase, step, StepPhase.PENDING),
        attempts if isinstance(attempts, int) else 0,
        reason=reason if isinstance(reason, str) else "",
    )


def _phase(kind: type[P], shown: Json, otherwise: P) -> P:
    try:
        return kind(str(shown.get("phase")))
    except ValueError:
        return otherwise


def _object(found: Any) -> Json:
    return found if isinstance(found, Mapping) else {}
