"""The options of steps and pipelines: as people write them, and as compiling uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, Self, TypedDict

from lateen.authoring.location import caller
from lateen.domain import spec
from lateen.domain.durations import seconds
from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean

if TYPE_CHECKING:
    from lateen.authoring.definition import Materializers
    from lateen.authoring.quantities import Duration, Resources, Retry, WorkDir

FRESHNESS = ("step", "run")
FAILURE_POLICIES = ("continue", "stop", "fast")


class HasModelSpec(Protocol):
    """What ``model=`` takes: ``Model("iris", version="production")``."""

    @property
    def spec(self) -> spec.ModelSpec: ...


class ContainerOptions(TypedDict, total=False):
    """The options of ``container_step(...)``: those of every step."""

    enable_cache: bool | None
    resources: Resources | None
    retry: Retry | None
    timeout: Duration | None
    start_timeout: Duration | None
    work_dir: WorkDir | None
    """Room for the step's files in its Pod."""
    tolerate_oom: bool
    """Whether the step may succeed though a process of it was killed for its memory."""
    env: Mapping[str, str] | None
    env_from: Sequence[str] | None
    """Secrets of the workspace whose keys become environment variables of the step's Pod."""
    pod_template: Mapping[str, Any] | None
    """A partial Pod template: what Lateen does not set itself, such as ``nodeSelector``."""
    after: Any
    """Steps to wait for: names, what step calls gave, or lists of these."""
    model: HasModelSpec | None


class StepOptions(ContainerOptions, total=False):
    """The options of ``@step(...)``."""

    name: str | None
    """The name in history; that of the function where not given."""
    output_materializers: Materializers | None
    image: str | None


class StepCallOptions(StepOptions, total=False):
    """The options of ``step.with_options(...)``."""

    parameters: Mapping[str, Any] | None
    """Arguments for calls that do not give them."""


class PipelineOptions(TypedDict, total=False):
    """The options of ``@pipeline(...)``."""

    name: str | None
    model: HasModelSpec | None
    enable_cache: bool | None
    """For the steps that do not say it themselves."""
    freshness: str
    """``step``: each step resolves when it starts; ``run``: all of them in one snapshot."""
    timeout: Duration | None
    failure_policy: str
    """``continue``: independent steps go on; ``stop``: nothing new starts; ``fast``: cancel."""
    image: str | None
    """For the steps that name none."""


class PipelineCallOptions(PipelineOptions, total=False):
    """The options of ``pipeline.with_options(...)``."""

    parameters: Mapping[str, Any] | None
    """Arguments for calls that do not give them."""
    run_name: str | None
    """The name of the run, or a template of it with ``{date}`` and ``{time}``."""


@dataclass(frozen=True)
class Settings:
    """Options in the form that compiling uses."""

    def updated(self, options: Mapping[str, Any], what: str) -> Self:
        """These settings, with the options over them; CompileError where one is unknown."""
        known = [field.name for field in fields(self)]
        for name in options:
            if name not in known:
                raise CompileError(
                    f"{what} has no option {name!r}{did_you_mean(name, known)}", caller()
                )
        return replace(self, **{name: _read(name, value) for name, value in options.items()})


@dataclass(frozen=True)
class StepSettings(Settings):
    """The options of a step."""

    name: str | None = None
    enable_cache: bool | None = None
    output_materializers: Materializers | None = None
    image: str | None = None
    resources: spec.Resources | None = None
    retry: spec.Retry | None = None
    timeout: float | None = None
    start_timeout: float | None = None
    work_dir: spec.WorkDir | None = None
    tolerate_oom: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: tuple[str, ...] = ()
    pod_template: Mapping[str, Any] = field(default_factory=dict)
    after: Any = None
    model: spec.ModelSpec | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineSettings(Settings):
    """The options of a pipeline."""

    name: str | None = None
    model: spec.ModelSpec | None = None
    enable_cache: bool | None = None
    freshness: str = "step"
    timeout: float | None = None
    failure_policy: str = "continue"
    image: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    run_name: str | None = None


def _read(name: str, value: Any) -> Any:
    reader = _READERS.get(name)
    if reader is None or (value is None and name not in _NEVER_NONE):
        return value
    return reader(name, value)


def _of_class(wanted: type, example: str) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if not isinstance(value, wanted):
            raise CompileError(f"{name}={value!r}: write it like {name}={example}", caller())
        return value

    return read


def _with_spec(wanted: type, example: str) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        found = getattr(value, "spec", None)
        if not isinstance(found, wanted):
            raise CompileError(f"{name}={value!r}: write it like {name}={example}", caller())
        return found

    return read


def _one_of(allowed: Sequence[str]) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if value not in allowed:
            there = " or ".join(map(repr, allowed))
            raise CompileError(f"{name}={value!r}: it is {there}", caller())
        return value

    return read


def _mapping(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, Mapping):
        raise CompileError(f"{name}={value!r}: it is a dict of names and values", caller())
    return dict(value or {})


def _environment(name: str, value: Any) -> Any:
    for key, text in _mapping(name, value).items():
        if not (isinstance(key, str) and isinstance(text, str)):
            raise CompileError(f"{name}: the variable {key!r} and its value are strings", caller())
    return _mapping(name, value)


def _names(name: str, value: Any) -> Any:
    """The names as a tuple; None is none of them."""
    names = () if value is None else value
    is_list = isinstance(names, Sequence) and not isinstance(names, str)
    if not is_list or not all(isinstance(item, str) for item in names):
        raise CompileError(f"{name}={value!r}: write it like {name}=['credentials']", caller())
    return tuple(names)


_NEVER_NONE = ("env", "env_from", "parameters", "pod_template", "freshness", "failure_policy")

_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": _of_class(str, "'train'"),
    "enable_cache": _of_class(bool, "False"),
    "image": _of_class(str, "'registry.example.com/iris:1.4'"),
    "resources": _with_spec(spec.Resources, "Resources(cpu=2, memory='4Gi')"),
    "retry": _with_spec(spec.Retry, "Retry(limit=2, backoff='10s')"),
    "timeout": lambda _, value: seconds(value),
    "start_timeout": lambda _, value: seconds(value),
    "work_dir": _with_spec(spec.WorkDir, "WorkDir('10Gi')"),
    "tolerate_oom": _of_class(bool, "True"),
    "env": _environment,
    "env_from": _names,
    "pod_template": _mapping,
    "model": _with_spec(spec.ModelSpec, "Model('iris')"),
    "parameters": _mapping,
    "freshness": _one_of(FRESHNESS),
    "failure_policy": _one_of(FAILURE_POLICIES),
    "run_name": _of_class(str, "'nightly-{date}'"),
}
