"""What a step's life needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, runtime_checkable

from lateen.domain.artifacts import Content, Published
from lateen.domain.attempts import AttemptKey, Guard, Hit
from lateen.domain.receipts import Receipt, Resolution
from lateen.domain.spec import StepSpec
from lateen.domain.states import AttemptState, FailureCause
from lateen.step.lookups import Lookups

T = TypeVar("T")
Json = dict[str, Any]


class ObjectStore(Protocol):
    """Content-addressed blobs, each in numbered generations.

    All of it may raise StoreUnavailable, and SetupError where the store was set up wrongly.
    """

    @property
    def uri(self) -> str:
        """Where the store is, for people."""
        ...

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        """Store ``size`` bytes durably; CorruptBlobError where they do not have this digest."""
        ...

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:
        """Take over a finished, already hashed private file; False where only ``put`` will do."""
        ...

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        """Bring a blob to a new file, every byte checked; CorruptBlobError where it is not whole.

        ``share`` allows a read-only link to the blob in place of a copy.
        """
        ...

    def exists(self, sha256: str, generation: int) -> bool:
        """Whether the blob is there."""
        ...

    def size(self, sha256: str, generation: int) -> int | None:
        """How many bytes the blob has; None where it is not there."""
        ...

    def delete(self, sha256: str, generation: int) -> None:
        """Remove the blob; one that is gone already is no error."""
        ...

    def blobs(self) -> Iterator[tuple[str, int]]:
        """Digest and generation of every blob."""
        ...

    def drop_unfinished(self, seconds: float) -> int:
        """Remove what killed writers left unfinished so long ago; how many there were."""
        ...


@runtime_checkable
class OnDisk(Protocol):
    """An object store in which a blob may be seen before it is sure to stay."""

    def settle(self, sha256: str, generation: int) -> None:
        """Make sure that a blob which is there stays, whoever wrote it; raises as ``put`` does."""
        ...


class Snapshot(Lookups, Protocol):
    """One REPEATABLE READ transaction: look-ups, and the records of what they found."""

    def ask_ahead(self, parts: Iterable[Callable[[], object]]) -> None:
        """Look up at once what the parts, which do nothing else, would look up one by one."""

    def take(self, attempt: AttemptKey, holder: str) -> int:
        """Become the attempt's holder; the number of its last resolution. Raises Fenced."""
        ...

    def last_resolution(self, attempt: AttemptKey) -> int:
        """The number of the attempt's last resolution; 0 where there is none."""
        ...

    def held(self, attempt: AttemptKey, holder: str) -> AttemptState:
        """The state of an attempt that its holder may still write for. Raises Fenced."""
        ...

    def record(
        self,
        attempt: AttemptKey,
        holder: str,
        resolution: Resolution,
        key: str | None,
        parts: Mapping[str, Any] | None,
        number: int = 1,
    ) -> None:
        """Become the attempt's holder, with this resolution and its receipts. Raises Fenced."""

    def record_reads(self, attempt: AttemptKey, holder: str, receipts: Iterable[Receipt]) -> None:
        """Store what the step's body looked up. Raises Fenced."""

    def claim_pins(self, run: str) -> bool:
        """Whether it is this transaction that fixes all references of the run."""
        ...

    def record_pins(self, run: str, step: str, kind: str, receipts: Iterable[Receipt]) -> None:
        """Store what references of a step are for the whole run; ``kind`` as of a receipt."""

    def pins(self, run: str, step: str, kind: str) -> list[Receipt]:
        """What references of a step are for the whole run."""
        ...

    def receipts(self, attempt: AttemptKey) -> list[Receipt]:
        """The receipts of the resolution that holds."""
        ...

    def last_resolved(self, run: str, step: str) -> AttemptKey | None:
        """The last attempt of a step that was resolved."""
        ...

    def begun_before(self, attempt: AttemptKey) -> list[Receipt]:
        """What the last attempt before that began had, unless it failed since that moved."""
        ...

    def reads(self, attempt: AttemptKey) -> list[Receipt]:
        """What the body of the attempt looked up, in order."""
        ...

    def hits(self, key: str) -> list[Hit]:
        """The attempts that may serve a cache key, newest first."""
        ...

    def committed(self, run: str, step: str) -> Hit | None:
        """The attempt of a run's step that was committed, with what it put out and saved."""
        ...

    def commit(self, payload: Mapping[str, Any]) -> Json: ...


class Attempts(Protocol):
    """The catalog's side of attempts; every write goes through the fence."""

    def in_snapshot(self, work: Callable[[Any], T]) -> T:
        """Run ``work`` on a Snapshot, again as a whole where the transaction lost a race."""
        ...

    def open(self, attempt: AttemptKey) -> None: ...

    def begin(self, payload: Mapping[str, Any]) -> Json: ...

    def commit(self, payload: Mapping[str, Any], guard: Guard | None = None) -> Json: ...

    def fence(
        self, attempt: AttemptKey, cause: FailureCause, error: Mapping[str, Any] | None = None
    ) -> bool: ...

    def state(self, attempt: AttemptKey) -> tuple[str, str | None]: ...

    def resolution_age(self, attempt: AttemptKey) -> float: ...

    def keep_log(self, attempt: AttemptKey, holder: str, log: Mapping[str, Any]) -> None: ...

    def lease(self, holder: str, blobs: Iterable[tuple[str, int]]) -> dict[str, int]: ...

    def renew(self, holder: str) -> None: ...

    def release(self, holder: str) -> None: ...

    def generations(self, blobs: Iterable[str]) -> dict[str, int]: ...

    def mark_damaged(self, sha256: str, generation: int) -> None: ...

    def mark_content_damaged(self, digest: str, content: bytes) -> None: ...

    def contents(self, digests: Iterable[str]) -> dict[str, Content]: ...

    def publish(
        self, payload: Mapping[str, Any], attempt: AttemptKey | None, holder: str | None
    ) -> Published: ...

    def log_metadata(
        self,
        target: Mapping[str, Any],
        values: Mapping[str, Any],
        attempt: AttemptKey | None,
        holder: str | None,
    ) -> None: ...

    def set_stage(self, payload: Mapping[str, Any]) -> None: ...

    def protect_stage(self, model: str, stage: str, protected: bool, by: str) -> None: ...


class Reading(Protocol):
    """What people look at, as the JSON of the client's protocol."""

    def artifact_versions(self, ids: Iterable[str]) -> list[Json]: ...

    def versions_of_artifact(self, name: str) -> list[Json]: ...

    def artifacts(self) -> list[Json]: ...

    def model_versions(self, ids: Iterable[str]) -> list[Json]: ...

    def versions_of_model(self, name: str) -> list[Json]: ...

    def models(self, name: str | None = None) -> list[Json]: ...

    def stage_history(self, name: str, limit: int | None = None) -> list[Json]: ...

    def linked(self, model_version: str) -> list[Json]: ...

    def pipelines(self) -> list[Json]: ...

    def pipeline(self, name: str) -> Json: ...

    def run_ids(
        self,
        pipeline: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        by_finish: bool = False,
    ) -> list[str]: ...

    def runs(self, ids: list[str]) -> list[Json]: ...

    def run_id(self, name: str) -> str: ...

    def run(self, run: str) -> Json: ...

    def differences(self, run: str) -> list[Json]: ...

    def resolved_anew(self, run: str) -> list[str]: ...

    def outputs(self, run: str, step: str) -> Json: ...

    def attempt(self, run: str, step: str, n: int | None = None) -> Json | None: ...

    def receipts(self, run: str, step: str, n: int) -> list[Json]: ...

    def metadata_of_step(self, run: str, step: str) -> Json: ...

    def receipts_of_run(self, run: str) -> list[Json]: ...

    def previous(self, run: str, step: str) -> Json | None: ...

    def same_key(self, run: str, step: str, n: int) -> Json | None: ...

    def step(self, run: str, step: str) -> Json | None: ...

    def step_spec(self, digest: str, step: str) -> StepSpec: ...

    def content(self, version: str) -> tuple[Content, bool]: ...


class Catalog(Protocol):
    """Everything that is recorded."""

    @property
    def attempts(self) -> Attempts: ...

    @property
    def reading(self) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Where an attempt's records and bytes go."""

    catalog: Catalog
    objects: ObjectStore
    private: bool = True
    """Whether the work directory is this process's own; otherwise it is treated as hostile."""
