"""The operations of the client's protocol that delete, collect and verify; not for steps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lateen.domain.errors import ProtocolError, SetupError, StoreUnavailable, UserError
from lateen.planning.deletion import Candidate, Deletion
from lateen.planning.retention import Retention, decide_retention
from lateen.step.operations import Operations
from lateen.step.ports import Json, ObjectStore
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.catalog.deletion import Things
from lateen.upkeep.collector import DAY, Collected, Collector
from lateen.upkeep.verifier import Verifier

UPKEEP = frozenset({"delete", "prune_artifacts", "prune_runs", "collect", "verify"})
"""The names that the protocol knows beside those of ``Operations``."""


class Upkeep:
    """Answers with what was deleted, kept and why, or found; a dry run changes nothing."""

    def __init__(self, look_ups: Operations, catalog: Catalog, objects: ObjectStore) -> None:
        self._look_ups = look_ups
        self._catalog = catalog
        self._objects = objects

    def call(self, operation: str, /, **arguments: Any) -> Json:
        """Carries out one operation."""
        answer: Json = getattr(self, operation)(**arguments)
        return answer

    def delete(
        self,
        kind: str,
        name: str,
        version: Any = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Json:
        """Deletes an artifact, a model, a pipeline, or a run, as far as nothing needs it.

        ``force`` passes over tags, over the history of stages, and over a run's being the newest
        success of its pipeline. Raises NotFoundError with the nearest name.
        """
        things, ids = self._meant(kind, name, version)
        if dry_run:
            return _answer(kind, self._catalog.deletions.planned(things, ids, force), dry_run)
        if things is not Things.RUNS:
            return _answer(kind, self._catalog.deletions.delete(things, ids, force), dry_run)
        answer = self._delete_runs(ids, force)
        if kind == "pipeline":
            self._catalog.deletions.delete_pipeline(name)
        return answer

    def prune_artifacts(
        self,
        only_artifact: bool = False,
        only_metadata: bool = False,
        ignore_errors: bool = False,
        dry_run: bool = False,
    ) -> Json:
        """Deletes the artifact versions that nothing needs: record and bytes, or one of them.

        Bytes go where no other version shares them. Raises CollectionPausedError before anything is
        deleted where bytes should go and must not now; where the store fails for some and errors
        are not ignored, StoreUnavailable or SetupError, which says what went before.
        """
        if only_artifact and only_metadata:
            raise UserError(
                "only the bytes and only the records: together that is everything, which is what a"
                " prune without either deletes"
            )
        collector = Collector(self._catalog, self._objects, ignore_errors=ignore_errors)
        if not only_metadata:
            collector.check_database()
        deletions = self._catalog.deletions
        discarded = not only_artifact
        needed = deletions.count_artifact_versions(discarded)
        done, collected = Deletion(), Collected()
        for ids in deletions.unneeded(discarded):
            needed -= len(ids)
            manifests, blobs = deletions.manifests_of(ids), deletions.blobs_of(ids)
            done += self._pruned(ids, only_artifact, dry_run)
            if not only_metadata and not dry_run:
                collected = _freed(collector, manifests, blobs, len(done.going))
        shared = deletions.sharing([each.id for each in done.going]) if only_artifact else []
        answer = {**_answer("artifact", done, dry_run), "needed": needed, "shared": shared}
        return {**answer, **_bytes(collected)}

    def prune_runs(
        self,
        older_than: float,
        keep_last: int,
        pipeline: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Deletes old runs; what they made stays, and a prune of artifacts may take it then.

        Kept are the newest of each pipeline, its newest success, runs that made what stands in a
        stage, and runs that have not finished. Raises NotFoundError with the nearest pipeline.
        """
        if pipeline is not None:
            self._look_ups.pipeline(pipeline)
        deletions = self._catalog.deletions
        runs, now = deletions.past_runs(pipeline)
        decided = decide_retention(runs, Retention(keep_last, older_than), now)
        if dry_run:
            return _answer("run", decided, dry_run)
        return self._delete_runs(decided.ids, False, decided.kept)

    def collect(self, grace: float = DAY, dry_run: bool = False) -> Json:
        """Deletes the bytes that nothing needs; blobs only where older than the grace in seconds.

        Raises CollectionPausedError where the catalog seems to be restored and was not verified.
        """
        collector = Collector(self._catalog, self._objects)
        found = collector.preview(grace) if dry_run else collector.collect(grace)
        return {"dry_run": dry_run, **asdict(found)}

    def verify(self, deep: bool = False) -> Json:
        """Checks blobs, receipts, stages and counters; ``deep`` hashes every blob."""
        scratch = self._look_ups.new_place()
        return asdict(Verifier(self._catalog, self._objects, scratch, deep=deep).verify())

    def _delete_runs(self, ids: list[str], force: bool, kept: tuple[Candidate, ...] = ()) -> Json:
        """Deletes runs; ``kept`` are others, which a retention keeps."""
        deletions = self._catalog.deletions
        before = deletions.made_by(ids)
        done = deletions.delete(Things.RUNS, ids, force) + Deletion(kept=kept)
        return {**_answer("run", done, False), "released": before - deletions.made_by(ids)}

    def _pruned(self, ids: list[str], only_artifact: bool, dry_run: bool) -> Deletion:
        deletions = self._catalog.deletions
        if dry_run:
            return deletions.planned(Things.ARTIFACT_VERSIONS, ids)
        if only_artifact:
            return deletions.discard(ids, self._look_ups.by)
        return deletions.delete(Things.ARTIFACT_VERSIONS, ids)

    def _meant(self, kind: str, name: str, version: Any) -> tuple[Things, list[str]]:
        match kind:
            case "artifact":
                return Things.ARTIFACT_VERSIONS, self._artifact_versions(name, version)
            case "model":
                return Things.MODEL_VERSIONS, self._model_versions(name, version)
        if version is not None:
            raise UserError(f"a {kind} has no versions; leave version={version!r} out")
        match kind:
            case "run":
                return Things.RUNS, [self._catalog.reading.run_id(name)]
            case "pipeline":
                self._look_ups.pipeline(name)
                return Things.RUNS, self._catalog.reading.run_ids(pipeline=name)
        raise ProtocolError(f"a {kind!r} cannot be deleted")

    def _artifact_versions(self, name: str, version: Any) -> list[str]:
        found = [] if version is not None else self._look_ups.artifact_versions(name)
        # By a version, by id or a prefix of one; else the error that names the nearest.
        found = found or [self._look_ups.artifact_version(name, version)]
        return [str(each["id"]) for each in found]

    def _model_versions(self, name: str, version: Any) -> list[str]:
        found = [] if version is not None else self._look_ups.model_versions(name)
        found = found or [self._look_ups.model_version(name, version)]
        return [str(each["id"]) for each in found]


def _freed(
    collector: Collector, manifests: list[str], blobs: list[str], versions: int
) -> Collected:
    """Deletes the bytes of versions whose deletion is committed."""
    try:
        return collector.collect_only(manifests, blobs)
    except (StoreUnavailable, SetupError) as error:
        raise type(error)(
            f"{error}. The deletion of {versions} artifact versions is on record already; once the"
            " store can be written, `lateen collect` deletes what is left of their bytes"
        ) from error


def _answer(kind: str, deletion: Deletion, dry_run: bool) -> Json:
    return {
        "kind": "run" if kind == "pipeline" else kind,
        "dry_run": dry_run,
        "deleted": [{"id": each.id, "what": each.what} for each in deletion.going],
        "kept": [
            {"id": each.id, "what": each.what, "why": each.why, "forceable": each.forceable}
            for each in deletion.kept
        ],
    }


def _bytes(collected: Collected) -> Json:
    return {
        "blobs": collected.blobs,
        "contents": collected.contents,
        "size": collected.size,
        "errors": list(collected.errors),
    }
