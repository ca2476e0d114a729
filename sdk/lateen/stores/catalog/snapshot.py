"""One transaction of the catalog that answers look-ups and records what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.attempts import AttemptKey, Guard, Hit
from lateen.domain.errors import AmbiguousError, Fenced, LateenError
from lateen.domain.moments import Moment
from lateen.domain.names import LATEST, is_number
from lateen.domain.receipts import Receipt, Resolution
from lateen.domain.states import STAGES, AttemptState
from lateen.stores.catalog.connections import Connection, Row
from lateen.stores.catalog.statements import statements
from lateen.stores.catalog.together import Question, answers

_SHORTEST_PREFIX = 4
_KNOWN = {
    "artifacts": "artifact-names",
    "artifact-versions": "artifact-versions-known",
    "models": "model-names",
    "model-versions": "model-versions-known",
    "linked": "linked-names",
    "metadata": "metadata-keys",
    "pipelines": "pipeline-names",
    "run-outputs": "run-output-names",
}


class _Unknown(Exception):
    """A question that is not answered yet."""

    def __init__(self, question: Question) -> None:
        self.question = question


class Snapshot:
    """Look-ups and records of one transaction; the step layer knows it as ``Lookups``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Question, list[Row]] = {}
        self._rehearsing = False

    def ask_ahead(self, parts: Iterable[Callable[[], object]]) -> None:
        """Looks up in a few statements what the parts, which only look up, would one by one.

        Each is rehearsed up to its first question that was not answered yet; then all of these are
        asked at once, and so on. When the parts are done for real, the answers are there.
        """
        asked, waiting = self._rehearsed(parts)
        while len(waiting) > 1:
            self._known |= answers(self._connection, asked)
            asked, waiting = self._rehearsed(waiting)

    def _rehearsed(
        self, parts: Iterable[Callable[[], object]]
    ) -> tuple[set[Question], list[Callable[[], object]]]:
        """What the parts ask first, and those that ask."""
        asked, waiting = set(), []
        self._rehearsing = True
        for part in parts:
            try:
                part()
            except _Unknown as unknown:
                asked.add(unknown.question)
                waiting.append(part)
            except LateenError:
                pass  # it will be raised when this is done for real
        self._rehearsing = False
        return asked, waiting

    def artifact(self, name: str, version: str) -> ArtifactVersion | None:
        if version == LATEST:
            return _artifact(self._one("lookups", "artifact-by-latest", name=name))
        if is_number(version):
            found = self._one("lookups", "artifact-by-number", name=name, number=int(version))
            return _artifact(found)
        row = self._one("lookups", "artifact-by-version-name", name=name, version=version)
        return _artifact(row)

    def artifact_by_id(self, prefix: str) -> ArtifactVersion | None:
        bounds = id_range(prefix)
        if bounds is None:
            return None
        rows = self._all("lookups", "artifact-by-id-range", low=bounds[0], high=bounds[1])
        if len(rows) > 1:
            raise AmbiguousError(
                f"{prefix!r} begins the id of several artifact versions; write more"
            )
        return _artifact(rows[0] if rows else None)

    def artifact_by_digest(self, digest: str) -> ArtifactVersion | None:
        return _artifact(self._one("lookups", "artifact-by-digest", digest=digest))

    def step_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        return _artifact(self._one("lookups", "step-output", run=run, step=step, output=output))

    def run_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        return _artifact(self._one("lookups", "run-output", run=run, step=step, output=output))

    def selected_run(self, pipeline: str, select: str, asking: str) -> str | None:
        name = "latest-run" if select == LATEST else "latest-successful-run"
        row = self._one("lookups", name, pipeline=pipeline, asking=asking)
        return str(row["id"]) if row else None

    def model(self, name: str, version: str, run: str | None) -> ModelVersion | None:
        if version == LATEST:
            return _model(self._one("lookups", "model-by-latest", name=name, run=run))
        if version in STAGES:
            return _model(self._one("lookups", "model-by-stage", name=name, stage=version))
        if is_number(version):
            found = self._one("lookups", "model-by-number", name=name, number=int(version))
            return _model(found)
        return _model(self._one("lookups", "model-by-version-name", name=name, version=version))

    def model_as_of(self, name: str, stage: str, moment: Moment) -> ModelVersion | None:
        row = self._one(
            "lookups",
            "model-as-of",
            name=name,
            stage=stage,
            at=moment.at,
            run=moment.run,
            event=moment.event,
        )
        return _model(row)

    def model_by_id(self, model_version: str) -> ModelVersion | None:
        return _model(self._one("lookups", "model-by-id", id=model_version))

    def own_model(self, name: str, run: str) -> ModelVersion | None:
        return _model(self._one("lookups", "model-by-run", name=name, run=run))

    def linked(
        self, model_version: str, artifact: str, version: str | None
    ) -> ArtifactVersion | None:
        name = "linked-artifact" if version in (None, LATEST) else "linked-artifact-version"
        row = self._one(
            "lookups", name, model_version=model_version, artifact=artifact, version=version
        )
        return _artifact(row)

    def metadata(self, subject: ArtifactVersion | ModelVersion, key: str) -> list[Any]:
        kind = "artifact" if isinstance(subject, ArtifactVersion) else "model"
        rows = self._all("lookups", f"metadata-of-{kind}", id=subject.id, key=key)
        return [row["value"] for row in rows]

    def details(self, subject: ArtifactVersion | ModelVersion) -> dict[str, Any]:
        kind = "artifact" if isinstance(subject, ArtifactVersion) else "model"
        rows = self._all("lookups", f"all-metadata-of-{kind}", id=subject.id)
        details: dict[str, Any] = {"metadata": {row["key"]: row["value"] for row in rows}}
        if isinstance(subject, ModelVersion):
            details |= {"stage": subject.stage, "status": subject.status}
        return details

    def known(self, what: str, of: str = "") -> Iterable[str]:
        if self._rehearsing:
            return ()  # they are for the message of an error that is not raised yet
        rows = self._all("lookups", _KNOWN[what], name=of, id=of)
        if what == "model-versions":
            return [_with_stage(row) for row in rows]
        return [next(iter(row.values())) for row in rows]

    def take(self, attempt: AttemptKey, holder: str) -> int:
        """Makes the holder the attempt's own; the number of its resolution so far, 0 for none."""
        row = self._one("attempts", "take-attempt", **attempt.columns, holder=holder)
        if row is None:
            raise Fenced(f"{attempt} is held by another, or over; nothing was resolved")
        return int(row["resolution"])

    def last_resolution(self, attempt: AttemptKey) -> int:
        """The number of the attempt's last resolution; 0 where there is none."""
        row = self._one("lookups", "last-resolution", **attempt.columns)
        return int(row["resolution"]) if row else 0

    def held(self, attempt: AttemptKey, holder: str) -> AttemptState:
        """The state of an attempt that its holder may still write for. Raises Fenced."""
        row = self._one("attempts", "held-attempt", **attempt.columns, holder=holder)
        if row is None:
            raise Fenced(f"{attempt} is held by another, or over")
        return AttemptState(row["state"])

    def record(
        self,
        attempt: AttemptKey,
        holder: str,
        resolution: Resolution,
        key: str | None,
        parts: Mapping[str, Any] | None,
        number: int = 1,
    ) -> None:
        """Takes the attempt, with what was resolved as the resolution that holds. Raises Fenced."""
        row = self._one(
            "attempts",
            "record-resolution",
            **attempt.columns,
            holder=holder,
            resolution=number,
            model_version=resolution.model.id if resolution.model else None,
            cache_key=key,
            cache_parts=Jsonb(parts) if parts is not None else None,
            receipts=Jsonb([_receipt_row(receipt) for receipt in resolution.receipts]),
        )
        if row is None:
            raise Fenced(f"{attempt} is held by another, or over; nothing was resolved")

    def claim_pins(self, run: str) -> bool:
        """Whether it is this transaction that fixes all references of the run."""
        return self._one("attempts", "claim-pins", run=run) is not None

    def record_pins(self, run: str, step: str, kind: str, receipts: Iterable[Receipt]) -> None:
        """Stores what references of a step are for the whole run."""
        rows = Jsonb([_receipt_row(receipt) for receipt in receipts])
        self._none("record-pins", run=run, step=step, kind=kind, receipts=rows)

    def pins(self, run: str, step: str, kind: str) -> list[Receipt]:
        """What references of a step are for the whole run."""
        rows = self._all("attempts", "pins-of-step", run=run, step=step, kind=kind)
        return self._receipts(rows)

    def record_reads(self, attempt: AttemptKey, holder: str, receipts: Iterable[Receipt]) -> None:
        """Stores what the step's body looked up. Raises Fenced."""
        rows = Jsonb([_receipt_row(receipt) for receipt in receipts])
        held = {**attempt.columns, "holder": holder}
        if self._one("attempts", "record-reads", **held, receipts=rows) is None:
            raise Fenced(f"{attempt} is over; what its code looked up was not recorded")
        self._none("mark-read", **attempt.columns)

    def receipts(self, attempt: AttemptKey) -> list[Receipt]:
        """The receipts of the attempt's resolution that holds."""
        rows = self._all("attempts", "inputs-of-attempt", **attempt.columns)
        return self._receipts(rows)

    def last_resolved(self, run: str, step: str) -> AttemptKey | None:
        """The last attempt of a step that was resolved."""
        row = self._one("attempts", "last-resolved", run=run, step=step)
        return AttemptKey(run, step, row["n"]) if row else None

    def begun_before(self, attempt: AttemptKey) -> list[Receipt]:
        """What the last attempt before that began had, unless it failed since that moved."""
        rows = self._all("attempts", "inputs-begun-before", **attempt.columns)
        return self._receipts(rows)

    def reads(self, attempt: AttemptKey) -> list[Receipt]:
        """What the body of the attempt looked up, in order."""
        rows = self._all("attempts", "reads-of-attempt", **attempt.columns)
        return self._receipts(rows)

    def hits(self, key: str) -> list[Hit]:
        """The attempts that may serve a cache key, newest first."""
        rows = self._all("attempts", "serving-attempts", cache_key=key)
        return [self._hit(row) for row in rows]

    def committed(self, run: str, step: str) -> Hit | None:
        """The attempt of a run's step that was committed, with what it put out and saved."""
        row = self._one("attempts", "committed-attempt", run=run, step=step)
        if row is None:
            return None
        source = AttemptKey(run, step, row["n"])
        outputs, saved = row["outputs"] or {}, tuple(row["saved"] or ())
        return Hit(source, row["run_name"], outputs, {}, saved, {}, None, {}, ())

    def guard(self, guard: Guard) -> None:
        """Keeps others from changing what a guard names; raises what its check raises."""
        for query, wanted in (
            ("guard-artifacts", guard.artifacts),
            ("guard-models", guard.models),
            ("guard-states", guard.models),
            ("guard-pipelines", guard.pipelines),
            ("guard-artifact-versions", guard.artifact_versions),
            ("guard-model-versions", guard.model_versions),
        ):
            if wanted:
                self._none(query, wanted=sorted(wanted))
        guard.check(self)

    def commit(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Ends the attempt, whole; see ``commit_attempt`` in the migrations."""
        self._known.clear()
        row = self._one("attempts", "commit-attempt", payload=Jsonb(dict(payload)))
        return dict(row["result"]) if row else {}

    def _hit(self, row: Row) -> Hit:
        source = AttemptKey(str(row["run_id"]), row["step"], row["n"])
        reads = self.reads(source) if row["read_in_body"] else []
        return Hit(
            source,
            row["run_name"],
            row["outputs"] or {},
            row["blobs"] or {},
            tuple(row["saved"] or ()),
            row["metadata"] or {},
            str(row["model_version_id"]) if row["model_version_id"] else None,
            row["model_metadata"] or {},
            tuple(reads),
        )

    def _receipts(self, rows: list[Row]) -> list[Receipt]:
        self.ask_ahead(partial(self._receipt, row) for row in rows)
        return [self._receipt(row) for row in rows]

    def _receipt(self, row: Row) -> Receipt:
        artifact = model = None
        if row["artifact_version_id"] is not None:
            artifact = _artifact(
                self._one("lookups", "artifact-by-id", id=row["artifact_version_id"])
            )
        if row["model_version_id"] is not None:
            model = self.model_by_id(str(row["model_version_id"]))
        return Receipt(
            row["input"],
            row["path"],
            row["reference"],
            artifact,
            model,
            row["stage_event"],
            row["value"],
            row["has_value"],
        )

    def _all(self, file: str, query: str, /, **parameters: Any) -> list[Row]:
        if file == "lookups":
            question = Question(query, tuple(parameters.items()))
            if question in self._known:
                return self._known[question]
            if self._rehearsing:
                raise _Unknown(question)
        text = statements(file)[query].encode()
        return self._connection.execute(text, parameters).fetchall()

    def _one(self, file: str, query: str, /, **parameters: Any) -> Row | None:
        return next(iter(self._all(file, query, **parameters)), None)

    def _none(self, query: str, /, **parameters: Any) -> None:
        self._connection.execute(statements("attempts")[query].encode(), parameters)


def id_range(prefix: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin with a prefix; None where none can."""
    digits = prefix.lower().replace("-", "")
    if not _SHORTEST_PREFIX <= len(digits) <= 32 or any(
        c not in "0123456789abcdef" for c in digits
    ):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _artifact(row: Row | None) -> ArtifactVersion | None:
    if row is None:
        return None
    return ArtifactVersion(
        str(row["id"]),
        row["name"],
        row["number"],
        row["version_name"],
        row["digest"],
        row["kind"],
        row["pickled"],
    )


def _model(row: Row | None) -> ModelVersion | None:
    if row is None:
        return None
    return ModelVersion(
        str(row["id"]),
        row["name"],
        row["number"],
        row["version_name"],
        row["stage"],
        row["status"],
        row["stage_event"],
        str(row["run_id"]) if row["run_id"] else None,
    )


def _with_stage(row: Row) -> str:
    return row["name"] if row["stage"] == "none" else f"{row['name']} ({row['stage']})"


def _receipt_row(receipt: Receipt) -> dict[str, Any]:
    return {
        "input": receipt.input,
        "path": receipt.path,
        "reference": dict(receipt.reference),
        "artifact_version": receipt.artifact.id if receipt.artifact else None,
        "model_version": receipt.model.id if receipt.model else None,
        "stage_event": receipt.stage_event,
        "digest": receipt.digest,
        "value": receipt.value,
        "has_value": receipt.has_value,
    }
