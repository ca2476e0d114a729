"""Why a step of a run did what it did: what it got, and whether the cache served it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.cli.output import Json
from lateen.cli.tables import Table, fields, section, sections
from lateen.cli.times import clock, size_text
from lateen.domain.errors import ProtocolError
from lateen.domain.references import described, subject_from_json
from lateen.planning.caching import changed_parts

OWN_MODEL = "(model)"
"""Stands for the step's model where the inputs' names stand."""


def described_step(step: Json, run: Json) -> str:
    """All about a step of a run."""
    return sections(
        [
            _step_fields(step, run),
            section("What each reference became", _receipts(step["receipts"])),
            section("Outputs", _outputs(step["outputs"])),
            section("Attempts", _attempts(step["attempts"])),
            _error(step["attempts"]),
        ]
    )


def _step_fields(step: Json, run: Json) -> str:
    return fields(
        {
            "Step": step["history_name"],
            "Run": run["name"],
            "Status": step["status"],
            "Reason": step["reason"],
            "Message": step["message"],
            "Cache": cache_words(step),
        }
    )


def cache_words(step: Json) -> str:
    """Whether the cache served the step, and if not, what was different."""
    last = step["attempts"][-1] if step["attempts"] else None
    if last is None:
        return ""
    source = last["cached_from"]
    if source:
        return f"hit: the outputs of attempt {source['n']} in {step.get('cached_from_run')}"
    parts, previous = step.get("cache_parts"), step.get("previous_key")
    if not parts:
        return "not used: caching is off, or the step's code could not be read"
    if not previous:
        return "no hit: no earlier run of this pipeline committed the step"
    changed = changed_parts(parts, previous["cache_parts"])
    if changed:
        return f"no hit: since {previous['name']} there changed {', '.join(changed)}"
    return (
        f"no hit though nothing changed since {previous['name']}: that attempt read or promoted in"
        " its body, its outputs are gone, or it ran at the same time"
    )


def _receipts(receipts: list[Json]) -> Table:
    rows = [
        [
            _place(receipt),
            reference_words(receipt["reference"]),
            _became(receipt),
            _because(receipt),
        ]
        for receipt in receipts
    ]
    return Table(["INPUT", "REFERENCE", "BECAME", "BECAUSE"], rows)


def _place(receipt: Json) -> str:
    if receipt["kind"] == "read":
        return "(read in the body)"
    path = f"[{receipt['path']}]" if receipt["path"] else ""
    return f"{receipt['input'] or OWN_MODEL}{path}"


def reference_words(reference: Mapping[str, Any]) -> str:
    """A reference as written, in words."""
    try:
        return described(subject_from_json(reference))
    except ProtocolError:
        return str(dict(reference))


def _became(receipt: Json) -> str:
    if receipt["has_value"]:
        return str(receipt["became"])
    thing = receipt["artifact"] or receipt["model"]
    return f"{thing['name']}@{thing['version']}" if thing else str(receipt["became"])


def _because(receipt: Json) -> str:
    reasons = []
    model, event = receipt["model"], receipt["stage_event"]
    if model and (receipt["artifact"] or receipt["has_value"]):
        reasons.append(f"of {model['name']}@{model['version']}")
    if event:
        by = (event["run"] or {}).get("name") or event["by"] or "somebody"
        reasons.append(f"{event['from']} -> {event['to']} by {by}, {clock(event['at'])}")
    if receipt["moved"]:
        reasons.append("moved before the commit")
    return "; ".join(reasons)


def _outputs(outputs: Json) -> Table:
    rows = [
        [key, f"{it['name']}@{it['version']}", it["type"], size_text(it["size"])]
        for key, it in outputs.items()
    ]
    return Table(["OUTPUT", "ARTIFACT", "TYPE", "SIZE"], rows)


def _attempts(attempts: list[Json]) -> Table:
    """Worth a table only where there was more than one."""
    if len(attempts) < 2:
        return Table([], [])
    rows = [
        [
            str(attempt["n"]),
            attempt["state"],
            attempt["cause"] or "",
            clock(attempt["began_at"]),
            clock(attempt["ended_at"]),
        ]
        for attempt in attempts
    ]
    return Table(["ATTEMPT", "STATE", "CAUSE", "BEGAN", "ENDED"], rows)


def _error(attempts: list[Json]) -> str:
    error = attempts[-1]["error"] if attempts else None
    if not error:
        return ""
    told = f"{error['type']}: {error['message']}"
    return "Error\n" + (error.get("traceback") or told).rstrip()
