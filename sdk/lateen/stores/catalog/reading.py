"""What people look at, as the JSON of the client's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from lateen.domain.artifacts import Content
from lateen.domain.errors import AmbiguousError, NotFoundError
from lateen.domain.names import did_you_mean
from lateen.domain.receipt_words import became_words, reference_words
from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, StepPhase
from lateen.stores.catalog.connections import Connections, Row
from lateen.stores.catalog.contents import content_of
from lateen.stores.catalog.snapshot import id_range
from lateen.stores.catalog.statements import statements

Json = dict[str, Any]


class Reading:
    """Look-ups for views, tables and explanations; each a short read of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._specs: dict[str, Json] = {}
        """The last spec that was read, by its digest: the pages of one run follow each other."""

    def artifact_versions(self, ids: Iterable[str]) -> list[Json]:
        """Versions in full, in the order of the ids."""
        return self._by_id("artifact-versions", ids, _artifact_version)

    def versions_of_artifact(self, name: str) -> list[Json]:
        """The versions of an artifact, newest first."""
        return self.artifact_versions(_ids(self._run("artifact-version-ids", name=name)))

    def artifacts(self) -> list[Json]:
        """The artifacts with their newest versions, by name."""
        rows = self._run("artifacts")
        latest = self.artifact_versions(str(row["latest"]) for row in rows)
        return [
            {"name": row["name"], "versions": row["versions"], "latest": version}
            for row, version in zip(rows, latest, strict=True)
        ]

    def model_versions(self, ids: Iterable[str]) -> list[Json]:
        """Model versions in full, in the order of the ids."""
        return self._by_id("model-versions", ids, _model_version)

    def versions_of_model(self, name: str) -> list[Json]:
        """The versions of a model, newest first."""
        return self.model_versions(_ids(self._run("model-version-ids", name=name)))

    def models(self, name: str | None = None) -> list[Json]:
        """The models, or one of them, with their newest versions and what stands where, by name."""
        rows = self._run("models", name=name)
        latest = self.model_versions(str(row["latest"]) for row in rows)
        return [{**row, "latest": version} for row, version in zip(rows, latest, strict=True)]

    def stage_history(self, name: str, limit: int | None = None) -> list[Json]:
        """What happened to the stages of a model, newest first."""
        return [_stage_event(row) for row in self._run("stage-history", name=name, limit=limit)]

    def linked(self, model_version: str) -> list[Json]:
        """The artifacts of a model version, for each name the one that counts."""
        rows = self._run("linked-ids", model_version=model_version)
        return sorted(self.artifact_versions(_ids(rows)), key=lambda version: version["name"])

    def pipelines(self) -> list[Json]:
        """The pipelines with their newest runs, by name."""
        rows = self._run("pipelines", name=None)
        runs = {run["id"]: run for run in self.runs(_ids(rows, "last_run"))}
        return [
            {
                "id": str(row["id"]),
                "name": row["name"],
                "runs": row["runs"],
                "last_run": runs.get(str(row["last_run"])),
            }
            for row in rows
        ]

    def pipeline(self, name: str) -> Json:
        """One pipeline; NotFoundError with the nearest names."""
        rows = self._run("pipelines", name=name)
        if not rows:
            known = [row["name"] for row in self._run("pipelines", name=None)]
            raise NotFoundError(f"there is no pipeline {name!r}{did_you_mean(name, known)}")
        return {"id": str(rows[0]["id"]), "name": name, "runs": rows[0]["runs"]}

    def run_ids(
        self,
        pipeline: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        by_finish: bool = False,
    ) -> list[str]:
        """Ids of runs, newest first: by creation, or by the order in which they finished."""
        name = "run-ids-by-finish" if by_finish else "run-ids-of-pipeline"
        if pipeline is None:
            return _ids(self._run("run-ids", status=status, limit=limit))
        return _ids(self._run(name, pipeline=pipeline, status=status, limit=limit))

    def runs(self, ids: Sequence[str]) -> list[Json]:
        """Runs without their steps, in the order of the ids."""
        return self._by_id("runs", ids, _run)

    def run_id(self, name: str) -> str:
        """The id of a run by its id, a unique prefix of one, or its name."""
        found = self._run("run-by-name", name=name)
        bounds = id_range(name)
        if not found and bounds is not None:
            found = self._run("run-by-id-range", low=bounds[0], high=bounds[1])
        if len(found) > 1:
            raise AmbiguousError(f"{name!r} begins the id of several runs; write more of it")
        if not found:
            known = [row["name"] for row in self._run("run-names")]
            raise NotFoundError(f"there is no run {name!r}{did_you_mean(name, known)}")
        return str(found[0]["id"])

    def run(self, run: str) -> Json:
        """A run, by its id, with its steps and what it put out."""
        found = self.runs([run])
        if not found:
            raise NotFoundError(f"there is no run {run} any more")
        steps = [_step(step) for step in self._run("run-steps", run=run, step=None)]
        return {**found[0], "steps": steps, "outputs": self._outputs_of_run(found[0])}

    def step(self, run: str, step: str) -> Json | None:
        """One step of a run, by its Python or its DNS name."""
        rows = self._run("run-steps", run=run, step=step)
        return _step(rows[0]) if rows else None

    def _outputs_of_run(self, run: Json) -> Json:
        returned = self._spec(run["spec_digest"]).get("outputs", {}).items()
        wanted = {name: (source.get("step"), source.get("output")) for name, source in returned}
        if not wanted:
            return {}
        rows = self._run("run-outputs", run=run["id"], step=None)
        ids = {(row["step"], row["output"]): str(row["id"]) for row in rows}
        found = {version["id"]: version for version in self.artifact_versions(ids.values())}
        return {name: found[ids[place]] for name, place in wanted.items() if place in ids}

    def step_spec(self, digest: str, step: str) -> StepSpec:
        """A step of a frozen spec, by its DNS name."""
        steps = self._spec(digest)["steps"]
        return StepSpec.from_json(next(found for found in steps if found["name"] == step))

    def _spec(self, digest: str) -> Json:
        found = self._specs.get(digest)
        if found is None:
            rows = self._run("spec", digest=digest)
            if not rows:
                raise NotFoundError(f"there is no run of the spec {digest} any more")
            found = json.loads(rows[0]["body"])
            self._specs = {digest: found}
        return found

    def differences(self, run: str) -> list[Json]:
        """The outputs of a replay that are not those of the run that it replays."""
        rows = self._run("differences", run=run)
        found = self._map(self.artifact_versions, rows, "before")
        found |= self._map(self.artifact_versions, rows, "after")
        return [
            {
                "step": row["step"],
                "output": row["output"],
                "before": found[str(row["before"])],
                "after": found[str(row["after"])],
            }
            for row in rows
        ]

    def resolved_anew(self, run: str) -> list[str]:
        """The steps of a replay that the run that it replays had never resolved."""
        return [row["history_name"] for row in self._run("resolved-anew", run=run)]

    def outputs(self, run: str, step: str) -> Json:
        """What a step of a run put out, by output."""
        rows = self._run("run-outputs", run=run, step=step)
        versions = self.artifact_versions(_ids(rows))
        return {row["output"]: version for row, version in zip(rows, versions, strict=True)}

    def attempt(self, run: str, step: str, n: int | None = None) -> Json | None:
        """One attempt of a step, the last one where no number is given."""
        rows = self._run("attempt-detail", run=run, step=step, n=n)
        return dict(rows[0]) if rows else None

    def receipts(self, run: str, step: str, n: int) -> list[Json]:
        """The receipts of an attempt, in the order in which they were written."""
        return self._receipts(self._run("attempt-receipts", run=run, step=step, n=n))

    def receipts_of_run(self, run: str) -> list[Json]:
        """What the references of a run to things outside of it became, each with its step."""
        rows = self._run("run-receipts", run=run)
        return [
            {"step": row["history_name"], **receipt}
            for row, receipt in zip(rows, self._receipts(rows), strict=True)
        ]

    def _receipts(self, rows: list[Row]) -> list[Json]:
        artifacts = self._map(self.artifact_versions, rows, "artifact_version_id")
        models = self._map(self.model_versions, rows, "model_version_id")
        return [_receipt(row, artifacts, models) for row in rows]

    def metadata_of_step(self, run: str, step: str) -> Json:
        """The newest metadata of a step."""
        rows = self._run("step-metadata", run=run, step=step)
        return {row["key"]: row["value"] for row in rows}

    def previous(self, run: str, step: str) -> Json | None:
        """The last committed attempt of the same step in an earlier run, with its receipts."""
        return self._other(self._run("previous-attempt", run=run, step=step))

    def same_key(self, run: str, step: str, n: int) -> Json | None:
        """Another attempt that ran its code under the same cache key, with its receipts."""
        return self._other(self._run("same-key", run=run, step=step, n=n))

    def _other(self, rows: list[Row]) -> Json | None:
        if not rows:
            return None
        row = dict(rows[0])
        run = _run_link(row.pop("run_id"), row.pop("run_name"))
        assert run is not None
        return {"run": run, **row, "receipts": self.receipts(run["id"], row["step"], row["n"])}

    def content(self, version: str) -> tuple[Content, bool]:
        """What a version consists of, and whether it was pickled."""
        rows = self._run("content", id=version)
        if not rows:
            raise NotFoundError(f"there is no artifact version {version} any more")
        return content_of(rows[0]), rows[0]["pickled"]

    def _map(self, look_up: Any, rows: list[Row], column: str) -> dict[str, Json]:
        found = look_up(dict.fromkeys(_ids(rows, column)))
        return {version["id"]: version for version in found}

    def _by_id(self, name: str, ids: Iterable[str], shape: Any) -> list[Json]:
        wanted = list(ids)
        if not wanted:
            return []
        rows = {str(row["id"]): row for row in self._run(name, ids=wanted)}
        return [shape(rows[key]) for key in wanted if key in rows]

    def _run(self, query: str, /, **parameters: Any) -> list[Row]:
        return self._connections.execute(statements("reading")[query], parameters)


def _ids(rows: list[Row], column: str = "id") -> list[str]:
    return [str(row[column]) for row in rows if row[column] is not None]


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _artifact_version(row: Row) -> Json:
    manifest = json.loads(row["body"])
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "number": row["number"],
        "version_name": row["version_name"],
        "version": row["version_name"] or str(row["number"]),
        "digest": row["digest"],
        "kind": row["kind"],
        "type": manifest["type"],
        "format": manifest["format"],
        "materializer": manifest["materializer"],
        "pickled": row["pickled"],
        "uri": f"lateen://artifacts/{row['name']}/{row['number']}",
        "size": row["size"],
        "bytes_deleted": _bytes_deleted(row),
        "created_at": _time(row["created_at"]),
        "metadata": row["metadata"] or {},
        "tags": row["tags"],
        "run": _run_link(row["run_id"], row["run_name"]),
        "step": row["step"],
    }


def _bytes_deleted(row: Row) -> Json | None:
    """Who let the bytes of a version go, and when; None where they are there."""
    if not row["bytes_deleted"]:
        return None
    return {"by": row["deleted_by"], "at": _time(row["deleted_at"])}


def _model_version(row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "number": row["number"],
        "version_name": row["version_name"],
        "version": row["version_name"] or str(row["number"]),
        "stage": row["stage"],
        "status": row["status"],
        "created_at": _time(row["created_at"]),
        "metadata": row["metadata"] or {},
        "tags": row["tags"],
        "description": row["description"],
        "run": _run_link(row["run_id"], row["run_name"]),
    }


def _stage_event(row: Row) -> Json:
    return {
        "id": row["id"],
        "model": row["model"],
        "model_version": str(row["model_version_id"]),
        "number": row["number"],
        "version": row["version_name"] or str(row["number"]),
        "from": row["from_stage"],
        "to": row["to_stage"],
        "at": _time(row["at"]),
        "by": row["by"],
        "run": _run_link(row["run_id"], row["run_name"]),
        "step": row["step"],
        "attempt": row["attempt"],
    }


def _run_link(run: Any, name: str | None) -> Json | None:
    return {"id": str(run), "name": name} if run else None


def _run(row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "pipeline": row["pipeline"],
        "status": row["phase"],
        "reason": row["reason"],
        "message": row["message"],
        "parameters": row["parameters"],
        "created_at": _time(row["created_at"]),
        "started_at": _time(row["started_at"]),
        "finished_at": _time(row["finished_at"]),
        "error": row["error"],
        "target": row["target"],
        "spec_digest": row["spec_digest"],
        "desired": row["desired"],
        "replay_of": _run_link(row["replay_of"], row["replay_name"]),
        "metadata": row["metadata"] or {},
    }


_LIVE = {AttemptState.OPEN: StepPhase.PENDING, AttemptState.BEGAN: StepPhase.RUNNING}
"""How a step stands whose last attempt is so."""


def _step(row: Row) -> Json:
    attempts = row["attempts"]
    # What it waited for, or what failed before, is over once another attempt is open.
    live = _LIVE.get(attempts[-1]["state"]) if attempts else None
    return {
        "name": row["name"],
        "history_name": row["history_name"],
        "status": live or row["phase"],
        "reason": None if live else row["reason"],
        "message": None if live else row["message"],
        "cached": row["phase"] == "Cached",
        "waiting_since": _time(row["waiting_since"]),
        "attempts": attempts,
    }


def _receipt(row: Row, artifacts: dict[str, Json], models: dict[str, Json]) -> Json:
    artifact = artifacts.get(str(row["artifact_version_id"]))
    model = models.get(str(row["model_version_id"]))
    return {
        "kind": row["kind"],
        "input": row["input"],
        "path": row["path"],
        "reference": row["reference"],
        "words": reference_words(row["reference"], artifact),
        "became": became_words(row, artifact or model),
        "artifact": _short(artifact, "id", "name", "version", "number", "digest", "kind"),
        "model": _short(model, "id", "name", "version", "number", "stage"),
        "stage_event": _event(row),
        "commit": artifact and _commit(artifact),
        "has_value": row["has_value"],
        "value": row["value"],
        "resolved_at": _time(row["resolved_at"]),
        "snapshot": row["snapshot"],
        "moved": row["moved"],
    }


def _short(version: Json | None, *fields: str) -> Json | None:
    return {field: version[field] for field in fields} if version else None


def _commit(artifact: Json) -> Json:
    """Who published a version, and when; outside of a run nobody is known."""
    return {"run": artifact["run"], "step": artifact["step"], "at": artifact["created_at"]}


def _event(row: Row) -> Json | None:
    if row["event"] is None:
        return None
    return {
        "id": row["event"],
        "from": row["from_stage"],
        "to": row["to_stage"],
        "at": _time(row["event_at"]),
        "by": row["by"],
        "run": _run_link(row["event_run"], row["event_run_name"]),
        "step": row["event_step"],
    }
