"""The operations of the client's protocol, outside a step: each a method of the same name."""

from __future__ import annotations

import inspect
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from lateen.client.views.deleted_bytes import deletion_words
from lateen.domain.artifacts import KEPT, Content, File
from lateen.domain.canonical import check_texts, digest_of_bytes
from lateen.domain.errors import (
    CorruptBlobError,
    NotFoundError,
    ProtocolError,
    StepContextError,
    UserError,
)
from lateen.domain.kinds import ArtifactType
from lateen.domain.moments import Moment, time_hint
from lateen.domain.names import (
    LATEST,
    check_name,
    check_version_name,
    version_text,
)
from lateen.domain.receipts import Receipt
from lateen.domain.references import (
    ArtifactReference,
    ModelArtifact,
    ModelReference,
    Subject,
)
from lateen.domain.states import STAGES, ModelStages
from lateen.materializers import documents
from lateen.step.boundaries import Boundary, reached
from lateen.step.history import History
from lateen.step.leases import leasing, once_more
from lateen.step.ports import Json, Stores
from lateen.step.published import published_version
from lateen.step.resolve import look_up
from lateen.step.transfer import Lease, Stored, fetch_tree, store_tree

Store = Callable[[Lease], Content]
"""Stores the bytes of a version, once they are leased, unless the catalog is to keep them."""
_EXCLUSIVE = [stage.value for stage in ModelStages if stage.exclusive]
_signature = cache(inspect.signature)


class Operations(History):
    """Answers the client where no step runs; ``scratch`` is a folder for what is fetched."""

    def __init__(self, stores: Stores, scratch: Path, by: str) -> None:
        super().__init__(stores, scratch)
        self.by = by
        self.saves = self.within = scratch
        """Where directories for what is saved are made, and below which no link is followed."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Carries out one operation; ProtocolError where there is none of the name."""
        method = getattr(self, operation, None) if operation in OPERATIONS else None
        if method is None:
            raise ProtocolError(f"there is no operation {operation!r} here")
        try:
            _signature(method.__func__).bind(self, **arguments)
        except TypeError as error:
            raise ProtocolError(f"{operation}: {error}") from None
        check_arguments(operation, arguments)
        return method(**arguments)

    def artifact_version(self, name: str, version: Any = None, fresh: bool = False) -> Json:
        wanted = LATEST if version is None else version_text(version)
        return self._artifact(ArtifactReference(name, wanted), fresh)

    def model_version(
        self,
        name: str,
        version: Any = None,
        fresh: bool = False,
        as_of: Mapping[str, Any] | None = None,
    ) -> Json:
        wanted = LATEST if version is None else version_text(version)
        moment = None if as_of is None else self._moment(wanted, as_of)
        return self._model(ModelReference(name, wanted, moment), fresh)

    def model_artifact(
        self,
        model_version: str,
        name: str,
        version: Any = None,
        kind: str | None = None,
    ) -> Json:
        model = self._model_by_id(model_version)
        reference = ModelReference(model["name"], str(model["number"]))
        wanted = None if version is None else version_text(version)
        return self._artifact(ModelArtifact(reference, name, wanted, kind), False)

    def resolved_anew(self, run: str) -> list[str]:
        return self.catalog.reading.resolved_anew(self.catalog.reading.run_id(run))

    def receipts(self, run: str) -> list[Json]:
        """What the references of a run to things outside of it became."""
        return self.catalog.reading.receipts_of_run(self.catalog.reading.run_id(run))

    def fetch(self, id: str) -> Json:
        content, pickled = self.catalog.reading.content(id)
        place = self.new_place()
        try:
            self.bring(content, place)
        except CorruptBlobError as error:
            raise self.unreadable(id, error) from error
        manifest = content.manifest
        return {
            "path": str(place),
            "format": manifest.format,
            "type": manifest.type,
            "materializer": manifest.materializer,
            "pickled": pickled,
        }

    def new_directory(self) -> Json:
        place = self.new_place()
        place.mkdir(parents=True)
        return {"path": str(place)}

    def save_artifact(  # noqa: PLR0913, PLR0917 - the protocol's own arguments
        self,
        directory: str | None,
        format: str,
        type: str,
        materializer: str,
        kind: str,
        name: str,
        pickled: bool = False,
        version: str | None = None,
        tags: list[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        document: str | None = None,
    ) -> Json:
        """The files of a directory, or a short document, which is a file's content."""
        stored = self._given_out(directory) if document is None else _given(document)
        return self._publish(
            lambda lease: stored(lease).content(format, type, materializer),
            kind,
            pickled,
            name,
            version,
            tags,
            metadata,
        )

    def register_artifact(
        self,
        path: str,
        name: str,
        version: str | None = None,
        tags: list[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        kind: str = "data",
    ) -> Json:
        """A folder or a file that exists already; loaded as a Path."""
        store = self.registered(path)
        return self._publish(store, kind, False, name, version, tags, metadata)

    def registered(self, path: str) -> Store:
        """Stores a folder or a file that exists already."""
        from lateen.materializers.paths import PathMaterializer

        given = Path(path)
        if not given.exists():
            raise NotFoundError(f"there is no file or folder {path!r} to register")
        folder, form, private = given, PathMaterializer.FOLDER_FORMAT, False
        if not given.is_dir():
            folder, form, private = self.new_place(), PathMaterializer.FORMAT, True
            folder.mkdir(parents=True)
            PathMaterializer(folder).save(given)
        return lambda lease: path_content(
            form, store_tree(folder, self.objects, lease, private=private)
        )

    def log_metadata(self, metadata: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        found = self._target(target)
        reached(Boundary.SESSION_LOGGING)
        self.catalog.attempts.log_metadata(found, metadata, *self.origin())
        reached(Boundary.SESSION_LOGGED)

    def set_stage(
        self,
        model_version: str,
        stage: str,
        force: bool = False,
        expect: Any = None,
    ) -> Json:
        self.catalog.attempts.set_stage(self._promotion(model_version, stage, force, expect))
        return self._model_by_id(model_version)

    def protect_stage(self, model: str, stage: str, protected: bool) -> None:
        """Keeps steps from changing a stage, or lets them."""
        self.catalog.attempts.protect_stage(model, _checked_stage(stage), protected, self.by)

    def output_tags(self, output: str, tags: list[str]) -> None:
        raise StepContextError(f"{tags} on {output!r}: a step tags its own outputs, while it runs")

    def context(self) -> Json:
        raise StepContextError("no step runs here; call this in a step")

    # What a session in a step does otherwise:

    def origin(self) -> tuple[Any, str | None]:
        """The attempt that writes, and its holder."""
        return None, None

    def source(self) -> tuple[Json | None, str | None]:
        """The run and the step that what is published comes from."""
        return None, None

    def found(self, source: Subject, fresh: bool) -> Receipt:  # noqa: ARG002 - a session's
        """What a reference is now."""
        return self.catalog.attempts.in_snapshot(lambda s: look_up(source, NOBODY, None, s))

    def rendered(self, name: str) -> str:
        """A name with its placeholders filled in."""
        return check_name(name, "the artifact")

    # Shared with it:

    def _given_out(self, directory: str | None) -> Callable[[Lease], Stored]:
        """Stores the files of a directory that was given out to be filled."""
        path = Path(directory or "")
        if path.parent != self.saves:
            raise ProtocolError(f"{directory!r} was not given out by new_directory")
        return lambda lease: store_tree(
            path, self.objects, lease, private=self.private, within=self.within
        )

    def unreadable(self, id: str, error: CorruptBlobError, of: str = "") -> CorruptBlobError:
        """The error for a version whose bytes are not there; ``of`` is where it was wanted."""
        found = super().details(artifact_version=id)  # a session's would record a read
        name, deleted = found["name"], found["bytes_deleted"]
        why = str(error)
        if deleted:
            why = (
                f"its bytes were {deletion_words(deleted)}, on purpose, and only its record is"
                f" left. Make it anew, as a new version, or take one of `lateen get artifact {name}"
                " -o wide` that has its bytes"
            )
        return CorruptBlobError(
            f"{of}the artifact {name!r}, version {found['version']}, cannot be read: {why}"
        )

    def bring(self, content: Content, place: Path) -> None:
        """Fetches a version's files, each checked against its digest."""
        check_present(content)
        share = content.manifest.format in READ_ONLY_FORMATS
        fetch_tree(content, self.stores, place, share=share)

    @contextmanager
    def _leasing(self) -> Iterator[tuple[Lease, str]]:
        """Leases blobs, in a step as its attempt; with the name of the holder."""
        attempt, _ = self.origin()
        holder = lease_holder(attempt) if attempt else f"client/{uuid4()}"
        with leasing(self.catalog.attempts, holder, release=attempt is None) as lease:
            yield lease, holder

    def _artifact(self, reference: Subject, fresh: bool) -> Json:
        receipt = self.found(reference, fresh)
        assert receipt.artifact is not None
        return self.catalog.reading.artifact_versions([receipt.artifact.id])[0]

    def _model(self, reference: ModelReference, fresh: bool) -> Json:
        receipt = self.found(reference, fresh)
        assert receipt.model is not None
        return self._model_by_id(receipt.model.id)

    def _moment(self, stage: str, as_of: Mapping[str, Any]) -> Moment:
        """A moment of the past, of a run by its whole name."""
        moment = Moment.from_json(as_of)
        if stage not in _EXCLUSIVE:
            raise UserError(
                f"as_of tells which version held {' or '.join(_EXCLUSIVE)} then, not {stage!r}"
            )
        if moment.run is None:
            return moment
        try:
            run = self.run(moment.run)
        except NotFoundError as error:
            raise NotFoundError(f"{error}{time_hint(moment.run)}") from None
        if run["started_at"] is None:
            raise UserError(
                f"as_of={moment.run!r} is when the run {run['name']} started, and it has not yet"
            )
        return Moment(run=run["name"])

    def _publish(  # noqa: PLR0913, PLR0917 - the protocol's own arguments
        self,
        store: Store,
        kind: str,
        pickled: bool,
        name: str,
        version: str | None,
        tags: list[str] | None,
        metadata: Mapping[str, Any] | None,
    ) -> Json:
        if version is not None:
            version = check_version_name(str(version), f"version of the artifact {name!r}")
        kind = checked_kind(kind)
        named = {"artifact": self.rendered(name), "version": version}
        described = {"tags": tags or [], "metadata": dict(metadata or {})}

        def publish() -> Json:
            with self._leasing() as (lease, holder):
                stored = version_payload(store(lease), kind, pickled)
                payload = {**stored, "lease": holder, **named, **described}
                reached(Boundary.SESSION_SAVING)
                made = self.catalog.attempts.publish(payload, *self.origin())
                reached(Boundary.SESSION_SAVED)
            if made.new:
                return published_version(payload, made, *self.source())
            return self.catalog.reading.artifact_versions([made.id])[0]

        return once_more(publish)

    def _promotion(self, model_version: str, stage: str, force: bool, expect: Any) -> Json:
        if expect is not None and _checked_stage(stage) not in _EXCLUSIVE:
            raise UserError(
                f"expect={expect!r} names the version that holds the stage, and {stage!r} may hold"
                f" many; it goes with {' and '.join(_EXCLUSIVE)}"
            )
        return {
            "model_version": model_version,
            "stage": _checked_stage(stage),
            "force": force,
            "expect": None if expect is None else str(expect),
            "by": self.by,
        }

    def _target(self, target: Mapping[str, Any]) -> Json:
        """A target of metadata by ids."""
        match target:
            case {"artifact_version": str(version)}:
                return {
                    "artifact_version": self._artifact(ArtifactReference(id=version), False)["id"]
                }
            case {"artifact": str(name), **rest}:
                return {"artifact_version": self.artifact_version(name, rest.get("version"))["id"]}
            case {"model_version": str(version)}:
                return {"model_version": self._model_by_id(version)["id"]}
            case {"model": str(name), **rest}:
                return {"model_version": self.model_version(name, rest.get("version"))["id"]}
            case {"run": str(run), "step": str(step)}:
                found, run_id = self._step(run, step)
                return {"run": run_id, "step": found["name"]}
            case {"run": str(run)}:
                return {"run": self.catalog.reading.run_id(run)}
        raise StepContextError(
            "log_metadata without a target goes to the running step, and none runs here; name an"
            " artifact, a model or a run"
        )


def checked_kind(kind: str) -> str:
    """UserError for what is no kind of artifact."""
    if kind not in list(ArtifactType):
        raise UserError(f"{kind!r} is no kind of artifact; there are {', '.join(ArtifactType)}")
    return kind


def _checked_stage(stage: str) -> str:
    if stage not in STAGES:
        raise UserError(f"{stage!r} is no stage; there are {', '.join(STAGES)}")
    return stage


NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands for the run where none asks."""
READ_ONLY_FORMATS = {"json", "container", "bytes", "npy", "parquet", "skops"}
"""Formats whose files our own code reads: they may be links to the blobs themselves."""


OPERATIONS = frozenset(
    {
        "artifact_version",
        "artifact_versions",
        "artifacts",
        "begin",
        "context",
        "details",
        "differences",
        "fetch",
        "log_metadata",
        "logs",
        "model_artifact",
        "model_artifacts",
        "model_version",
        "model_versions",
        "models",
        "new_directory",
        "output_tags",
        "pipeline",
        "pipelines",
        "protect_stage",
        "receipts",
        "register_artifact",
        "resolved_anew",
        "run",
        "runs",
        "save_artifact",
        "set_stage",
        "stack",
        "stage_history",
        "step",
    }
)
"""The names that the protocol knows."""


def check_arguments(operation: str, arguments: Mapping[str, Any]) -> None:
    """UserError for a text that no catalog can hold, before the database refuses it."""
    try:
        check_texts(arguments)
    except ValueError as error:
        raise UserError(f"{operation}: {error}, so that no catalog can hold it") from None


def version_payload(content: Content, kind: str, pickled: bool) -> Json:
    """What ``publish_version`` needs to know of the bytes."""
    text, kept = content.manifest.text, content.kept
    return {
        "digest": digest_of_bytes(text.encode()),
        "manifest": text,
        "size": content.manifest.size,
        "kind": kind,
        "pickled": pickled,
        "blobs": dict(content.generations),
        "content": None if kept is None else b64encode(kept).decode(),
    }


def path_content(format: str, files: Stored) -> Content:
    """What loads as a path: a ``file``, or a folder's content, a ``directory``."""
    from lateen.materializers.paths import PathMaterializer

    materializer = f"{PathMaterializer.__module__}.{PathMaterializer.__qualname__}"
    return files.content(format, "pathlib.PosixPath", materializer)


def _given(document: str) -> Callable[[Lease], Stored]:
    """A document that came with the request."""
    content = document.encode()
    if len(content) > KEPT:
        raise ProtocolError(
            f"a document of {len(content)} bytes came with a request; what has more than {KEPT} is"
            " written to a directory"
        )
    stored = Stored((File.of(documents.NAME, content),), kept=content)
    return lambda _lease: stored


def lease_holder(attempt: Any) -> str:
    """Under which name an attempt leases blobs."""
    return f"{attempt.run}/{attempt.step}/{attempt.n}"


def check_present(content: Content) -> None:
    """CorruptBlobError where the catalog knows no bytes for a file."""
    for file in content.manifest.files:
        if content.kept is None and file.sha256 not in content.generations:
            raise CorruptBlobError(
                f"the bytes of {file.path!r} ({file.sha256[:12]}) were deleted; restore the object"
                " store from a backup, or run the step again that made them"
            )
