"""Why a step of a run did what it did, and what its references became."""

from __future__ import annotations

from typing import Any

from lateen.cli.output import Column, Json, table
from lateen.cli.tables import Table, fields, section, sections
from lateen.cli.times import clock, size_text
from lateen.client.views.provenance import because

OWN_MODEL = "(model)"
"""Stands for the step's model where the inputs' names stand."""
IN_BODY = "(read in the body)"
LONGEST_REFERENCE = 100
LONGEST_VALUE = 60
"""So much of a value is shown."""


def described_step(step: Json, run: Json) -> str:
    """All about a step of a run."""
    inputs = [receipt for receipt in step["receipts"] if receipt["kind"] == "input"]
    reads = [receipt for receipt in step["receipts"] if receipt["kind"] == "read"]
    return sections(
        [
            step["why"],
            _step_fields(step, run, inputs),
            section("What each reference became", table(inputs, receipt_columns())),
            section("What its body looked up", table(_distinct(reads), _read_columns())),
            section("Outputs", _outputs(step["outputs"])),
            section("Attempts", _attempts(step["attempts"])),
            _error(step["attempts"]),
        ]
    )


def _step_fields(step: Json, run: Json, inputs: list[Json]) -> str:
    return fields(
        {
            "Step": step["history_name"],
            "Run": run["name"],
            "Status": step["status"],
            "Reason": step["reason"],
            "Message": step["message"],
            "Resolved": clock(inputs[0]["resolved_at"]) if inputs else None,
        }
    )


def receipt_columns() -> list[Column]:
    """The columns of a list of receipts."""
    return [
        Column("INPUT", _place),
        Column("REFERENCE", lambda receipt: _shortened(receipt["words"], LONGEST_REFERENCE)),
        Column("BECAME", _became),
        Column("DIGEST", _digest),
        Column("BECAUSE", because),
    ]


def _read_columns() -> list[Column]:
    when = Column("WHEN", lambda receipt: clock(receipt["resolved_at"]))
    return [when, *receipt_columns()[1:]]


def _distinct(receipts: list[Json]) -> list[Json]:
    """Without those that found the same again."""
    seen: list[tuple[Any, ...]] = []
    kept = []
    for receipt in receipts:
        found = receipt["reference"], receipt["became"], receipt["artifact"], receipt["moved"]
        if found not in seen:
            seen.append(found)
            kept.append(receipt)
    return kept


def _place(receipt: Json) -> str:
    if receipt["kind"] == "read":
        return IN_BODY
    path = f"[{receipt['path']}]" if receipt["path"] else ""
    return f"{receipt['input'] or OWN_MODEL}{path}"


def _became(receipt: Json) -> str:
    thing = None if receipt["has_value"] else receipt["artifact"] or receipt["model"]
    return (
        f"{thing['name']}@{thing['version']}"
        if thing
        else _shortened(str(receipt["became"]), LONGEST_VALUE)
    )


def _digest(receipt: Json) -> str:
    """The beginning of the digest, as long as it takes to tell digests apart."""
    artifact = None if receipt["has_value"] else receipt["artifact"]
    return artifact["digest"].removeprefix("sha256:")[:12] if artifact else ""


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


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
    return f"Error\n{error_text(error)}" if error else ""


def error_text(error: Json) -> str:
    """An error with its traceback, or with the last that the step printed, where there is any."""
    told, trace = f"{error['type']}: {error['message']}", (error.get("traceback") or "").rstrip()
    return trace if error["message"] in trace else "\n".join(filter(None, [told, trace]))
