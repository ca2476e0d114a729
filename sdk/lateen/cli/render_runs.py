"""Runs and their steps as tables and descriptions."""

from __future__ import annotations

from datetime import datetime

from lateen.cli.output import Column, Json, table
from lateen.cli.render_step import error_text, receipt_columns
from lateen.cli.tables import Table, fields, section, sections
from lateen.cli.times import age, between, clock, size_text
from lateen.domain.canonical import canonical_json


def run_name(run: Json) -> str:
    """A run for ``-o name``."""
    return f"run/{run['name']}"


def run_columns(now: datetime) -> list[Column]:
    """The columns of a list of runs."""
    return [
        Column("NAME", lambda run: run["name"]),
        Column("PIPELINE", lambda run: run["pipeline"]),
        Column("STATUS", lambda run: run["status"]),
        Column("STEPS", _progress),
        Column("TOOK", lambda run: between(run["started_at"], run["finished_at"], now)),
        Column("AGE", lambda run: age(run["created_at"], now)),
        Column("MESSAGE", lambda run: run["message"] or ""),
        Column("REASON", lambda run: run["reason"] or "", wide=True),
        Column("PARAMETERS", lambda run: parameters_text(run["parameters"]), wide=True),
        Column("TARGET", lambda run: run["target"] or "", wide=True),
        Column("ID", lambda run: run["id"], wide=True),
    ]


def _progress(run: Json) -> str:
    if "steps" not in run:
        return ""
    finished = [step for step in run["steps"] if step["status"] in ("Succeeded", "Cached")]
    return f"{len(finished)}/{len(run['steps'])}"


def parameters_text(parameters: Json) -> str:
    """Parameters as ``name=value``, values as JSON."""
    return " ".join(f"{name}={canonical_json(value)}" for name, value in parameters.items())


def described_run(run: Json, receipts: list[Json], now: datetime) -> str:
    """All about a run, with what its references to things outside of it became."""
    return sections(
        [
            _run_fields(run, now),
            section("Steps", table(run["steps"], _step_columns(now))),
            section("What its references became", table(receipts, _receipt_columns())),
            section("Outputs", _outputs(run["outputs"])),
            _error(run),
        ]
    )


def _run_fields(run: Json, now: datetime) -> str:
    return fields(
        {
            "Run": run["name"],
            "ID": run["id"],
            "Pipeline": run["pipeline"],
            "Status": run["status"],
            "Reason": run["reason"],
            "Message": run["message"],
            "Desired": run["desired"] if run["desired"] != "Running" else None,
            "Parameters": parameters_text(run["parameters"]),
            "Replay of": (run.get("replay_of") or {}).get("name"),
            "Created": clock(run["created_at"]),
            "Took": between(run["started_at"], run["finished_at"], now),
            "Target": run["target"],
            "Spec": run["spec_digest"],
        }
    )


def _step_columns(now: datetime) -> list[Column]:
    return [
        Column("STEP", lambda step: step["history_name"]),
        Column("STATUS", lambda step: step["status"]),
        Column("ATTEMPTS", lambda step: str(len(step["attempts"])) if step["attempts"] else ""),
        Column("TOOK", lambda step: _took(step, now)),
        Column("MESSAGE", lambda step: step["message"] or step["reason"] or ""),
    ]


def _receipt_columns() -> list[Column]:
    return [Column("STEP", lambda receipt: receipt["step"]), *receipt_columns()]


def _took(step: Json, now: datetime) -> str:
    """From the beginning of the last attempt's user code to its end; how long it waits so far."""
    if step["status"] == "Waiting":
        return between(step["waiting_since"], None, now)
    if not step["attempts"] or step["cached"]:
        return ""
    last = step["attempts"][-1]
    return between(last["began_at"], last["ended_at"], now)


def _outputs(outputs: Json) -> Table:
    rows = [
        [name, f"{it['name']}@{it['version']}", it["type"], size_text(it["size"])]
        for name, it in outputs.items()
    ]
    return Table(["OUTPUT", "ARTIFACT", "TYPE", "SIZE"], rows)


def _error(run: Json) -> str:
    error = run["error"]
    if not error:
        return ""
    failed = [step for step in run["steps"] if error in [a["error"] for a in step["attempts"][-1:]]]
    of = f" of the step {failed[0]['history_name']}" if failed else ""
    return f"Error{of}\n{error_text(error)}"
