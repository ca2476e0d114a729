"""A model workspace as rows, to be compared with those of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.model.means import identity_of, place_of
from tests.model.things import NOTHING, Attempt, Found, Run
from tests.model.workspace import Workspace


def dump(workspace: Workspace) -> dict[str, list[Any]]:
    """All of it."""
    return {
        "versions": [
            (v.artifact, v.number, v.name, v.text, *_origin(workspace, v.made_by))
            for v in sorted(workspace.versions, key=lambda v: (v.artifact, v.number))
        ],
        "models": [
            (
                v.model,
                v.number,
                v.name,
                _name(workspace, v.run),
                v.status,
                v.stage,
                _ordinal(workspace, v.event),
                [f"{a} {linked.number}" for a, linked in sorted(v.counting().items())],
                len(v.links),
            )
            for v in sorted(workspace.models, key=lambda v: (v.model, v.number))
        ],
        "events": [
            (e.version.model, e.version.number, e.before, e.after) for e in workspace.events
        ],
        "runs": [(run.name, run.phase) for run in workspace.runs],
        "attempts": [_attempt(attempt) for attempt in _attempts(workspace)],
        "receipts": [
            receipt for attempt in _attempts(workspace) for receipt in _receipts(workspace, attempt)
        ],
    }


def _attempts(workspace: Workspace) -> Iterator[Attempt]:
    for run in workspace.runs:
        yield from sorted(run.attempts, key=lambda a: (a.step.name, a.n))


def _attempt(attempt: Attempt) -> tuple[Any, ...]:
    model = attempt.model
    return (
        attempt.run.name,
        attempt.step.name,
        attempt.n,
        attempt.state,
        model and model.model,
        model and model.number,
        attempt.served_by and attempt.served_by.run.name,
        [f"{key} {made.artifact} {made.number}" for key, made in attempt.outputs.items()],
    )


def _receipts(workspace: Workspace, attempt: Attempt) -> Iterator[tuple[Any, ...]]:
    whose = (attempt.run.name, attempt.step.name, attempt.n)
    inputs = {} if attempt.inputs is NOTHING else attempt.inputs
    for (name, path), found in inputs.items():
        moved = (name, path, "") in attempt.moved
        yield (*whose, "input", name, path, *_found(workspace, found), moved)
    for reference, found in attempt.reads:
        moved = ("", "", place_of(reference) + identity_of(found)) in attempt.moved
        yield (*whose, "read", "", "", *_found(workspace, found), moved)


def _found(workspace: Workspace, found: Found) -> tuple[Any, ...]:
    artifact, model = found.artifact, found.model
    return (
        artifact and artifact.artifact,
        artifact and artifact.number,
        model and model.model,
        model and model.number,
        _ordinal(workspace, found.event),
        found.value is not NOTHING,
        None if found.value is NOTHING else found.value,
    )


def _origin(workspace: Workspace, attempt: Attempt | None) -> tuple[Any, ...]:
    if attempt is None:
        return None, None, None
    return _name(workspace, attempt.run), attempt.step.name, attempt.n


def _name(workspace: Workspace, run: Run | None) -> str | None:
    return run.name if run is not None and run in workspace.runs else None


def _ordinal(workspace: Workspace, event: Any) -> int:
    """How many events there were with this one."""
    return workspace.events.index(event) + 1 if event in workspace.events else 0
