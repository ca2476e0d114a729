"""What a Pod's JSON says of an attempt; what is odd in it reads as if it were absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lateen.step import variables
from lateen_operator.pods import names

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A container that has not started, and why."""

    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs."""

    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terminated:
    """A container that has ended, and how."""

    exit_code: int = 0
    signal: int | None = None
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed a process of it for its memory; its exit code may be 0."""
        return self.reason == "OOMKilled"


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class Container:
    """One of our containers in a Pod."""

    name: str
    image: str = ""
    memory_limit: str | None = None
    restarts_itself: bool = False
    """Whether the node starts it again after a crash."""
    state: State = field(default_factory=Waiting)
    last: Terminated | None = None
    """How it ended before it was started again."""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a Pod."""

    status: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PodView:
    """A step's Pod."""

    name: str = ""
    uid: str = ""
    owner_uid: str | None = None
    """The UID of its controller, or of whatever somebody wrote there."""
    made_for: tuple[str, str, str] | None = None
    """The Run, the step and the attempt that ``resolve`` is told to work for with the store's
    credentials; None where it does not get them."""
    run_uid: str = ""
    step: str = ""
    attempt: int = 0
    node: str = ""
    phase: str = ""
    reason: str = ""
    message: str = ""
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    """When it is to be gone at the latest; None where nobody has deleted it."""
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    containers: Mapping[str, Container] = field(default_factory=dict)
    """Ours; others, such as those that a mesh puts in, do not count."""

    @property
    def ended(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    def is_of(self, run_uid: str) -> bool:
        """Whether it is a Pod of that Run: anybody can forge names, labels and owner references."""
        attempt = (run_uid, self.step, str(self.attempt))
        return self.owner_uid == run_uid and self.made_for == attempt

    def shifted(self, by: timedelta) -> PodView:
        """The same with all its times by another clock, which is ahead by so much."""
        if not by:
            return self
        return replace(
            self,
            created_at=_later(self.created_at, by),
            deleted_at=_later(self.deleted_at, by),
            containers={name: _shifted(each, by) for name, each in self.containers.items()},
        )

    def container(self, name: str) -> Container:
        """One of our containers, though the Pod's status may not tell of it yet."""
        return self.containers.get(name) or Container(name)

    @staticmethod
    def from_json(pod: Any) -> PodView:
        """The view of a Pod's JSON; never raises."""
        metadata, spec, status = (_object(pod, part) for part in ("metadata", "spec", "status"))
        labels = _object(metadata, "labels")
        return PodView(
            name=_text(metadata, "name"),
            uid=_text(metadata, "uid"),
            owner_uid=_controller(metadata),
            made_for=_made_for(spec),
            run_uid=_text(labels, names.RUN_UID_LABEL),
            step=_text(labels, names.STEP_LABEL),
            attempt=_number(labels, names.ATTEMPT_LABEL),
            node=_text(spec, "nodeName"),
            phase=_text(status, "phase"),
            reason=_text(status, "reason"),
            message=_text(status, "message"),
            created_at=moment(metadata.get("creationTimestamp")),
            deleted_at=moment(metadata.get("deletionTimestamp")),
            conditions=_conditions(status),
            containers=_containers(spec, status),
        )


def _later(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment + by


def _shifted(container: Container, by: timedelta) -> Container:
    state, last = container.state, container.last
    if isinstance(state, Terminated):
        state = replace(state, finished_at=_later(state.finished_at, by))
    elif isinstance(state, Running):
        state = replace(state, started_at=_later(state.started_at, by))
    if last is not None:
        last = replace(last, finished_at=_later(last.finished_at, by))
    return replace(container, state=state, last=last)


def _controller(metadata: Json) -> str | None:
    for owner in _objects(metadata, "ownerReferences"):
        if owner.get("controller") is True:
            return _text(owner, "uid")
    return None


def _made_for(spec: Json) -> tuple[str, str, str] | None:
    for container in _objects(spec, "initContainers"):
        secrets = (_object(it, "secretRef") for it in _objects(container, "envFrom"))
        trusted = any(secret.get("name") == names.STORE_SECRET for secret in secrets)
        if trusted and _text(container, "name") == names.RESOLVE:
            told = {_text(it, "name"): _text(it, "value") for it in _objects(container, "env")}
            run, step, attempt = (told.get(name, "") for name in _ATTEMPT)
            return run, step, attempt
    return None


_ATTEMPT = (variables.RUN, variables.STEP, variables.ATTEMPT)


def _conditions(status: Json) -> dict[str, Condition]:
    return {
        _text(item, "type"): Condition(
            _text(item, "status"), _text(item, "reason"), _text(item, "message")
        )
        for item in _objects(status, "conditions")
    }


def _containers(spec: Json, status: Json) -> dict[str, Container]:
    statuses = {
        _text(item, "name"): item
        for part in ("initContainerStatuses", "containerStatuses")
        for item in _objects(status, part)
    }
    return {
        name: _container(item, statuses.get(name, {}))
        for part in ("initContainers", "containers")
        for item in _objects(spec, part)
        if (name := _text(item, "name")) in (names.RESOLVE, names.STEP, names.PUBLISH)
    }


def _container(declared: Json, status: Json) -> Container:
    limit = _object(_object(declared, "resources"), "limits").get("memory")
    return Container(
        name=_text(declared, "name"),
        image=_text(declared, "image"),
        memory_limit=str(limit) if isinstance(limit, str | int) else None,
        restarts_itself=bool(_objects(declared, "restartPolicyRules")),
        state=_state(_object(status, "state")) or Waiting(),
        last=_terminated(_object(status, "lastState")),
        restarts=_number(status, "restartCount"),
    )


def _state(state: Json) -> State | None:
    if isinstance(state.get("running"), Mapping):
        return Running(moment(state["running"].get("startedAt")))
    if isinstance(state.get("waiting"), Mapping):
        waiting = state["waiting"]
        return Waiting(_text(waiting, "reason"), _text(waiting, "message"))
    return _terminated(state)


def _terminated(state: Json) -> Terminated | None:
    ended = state.get("terminated")
    if not isinstance(ended, Mapping):
        return None
    return Terminated(
        exit_code=_number(ended, "exitCode"),
        signal=_number(ended, "signal") or None,
        reason=_text(ended, "reason"),
        message=_text(ended, "message"),
        finished_at=moment(ended.get("finishedAt")),
    )


def _object(data: Any, name: str) -> Json:
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _objects(data: Json, name: str) -> list[Json]:
    found = data.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _text(data: Json, name: str) -> str:
    found = data.get(name)
    return found if isinstance(found, str) else ""


def _number(data: Json, name: str) -> int:
    found = data.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 10:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def moment(written: Any) -> datetime | None:
    """The time that the API server wrote; None for anything else."""
    try:
        found = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return None
    # Others are no times of a cluster, and sums with them could leave the calendar.
    plausible = 1970 <= found.year < 9000
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) if plausible else None
