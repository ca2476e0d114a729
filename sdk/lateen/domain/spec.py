"""A compiled pipeline: frozen values that digests cover, and their JSON (a resource's ``spec``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from lateen.domain import missing
from lateen.domain.canonical import digest_of
from lateen.domain.durations import duration_text, seconds
from lateen.domain.references import Source, from_json, to_json

MISSING: Any = missing.MISSING
"""Stands where no value was given, since None is one."""

GPU = "nvidia.com/gpu"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and after how long, a failed step is tried again."""

    limit: int = 0
    """Further attempts after the first."""
    backoff: float = 10.0
    """Seconds before the first retry."""
    factor: float = 2.0
    max_backoff: float = 300.0
    refresh: bool = False
    """Whether a retry resolves its references anew."""

    def to_json(self) -> dict[str, Any]:
        return {
            "limit": self.limit,
            "backoff": duration_text(self.backoff),
            "factor": self.factor,
            "maxBackoff": duration_text(self.max_backoff),
            **_given(refresh=self.refresh),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Retry:
        return Retry(
            data.get("limit", 0),
            seconds(data.get("backoff", 10.0)),
            float(data.get("factor", 2.0)),
            seconds(data.get("maxBackoff", 300.0)),
            data.get("refresh", False),
        )


@dataclass(frozen=True, slots=True)
class Resources:
    """What a step asks of its node; quantities as Kubernetes writes them."""

    cpu: str | None = None
    memory: str | None = None
    gpu: int | None = None
    further: Mapping[str, str | int] = field(default_factory=dict)
    """Further requests, such as ``ephemeral-storage``."""
    limits: Mapping[str, str | int] | None = None
    """None: the memory that is asked for is also the limit. GPUs are limits always."""

    def to_json(self) -> dict[str, Any]:
        requests = _given(cpu=self.cpu, memory=self.memory, **self.further)
        limits = self._implied_limits if self.limits is None else self.limits
        return _given(requests=requests, limits=_given(**{**limits, GPU: self.gpu}))

    @property
    def _implied_limits(self) -> dict[str, str]:
        return {} if self.memory is None else {"memory": self.memory}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Resources:
        further, limits = dict(data.get("requests", {})), dict(data.get("limits", {}))
        cpu, memory = _read(str, further.pop("cpu", None)), _read(str, further.pop("memory", None))
        asked = Resources(cpu, memory, _read(int, limits.pop(GPU, None)), further, limits)
        return replace(asked, limits=None) if limits == asked._implied_limits else asked


@dataclass(frozen=True, slots=True)
class WorkDir:
    """The volume in which a step's Pod keeps what the step writes."""

    size: str | None = None
    """A quantity; None is as much as the node has."""
    medium: str | None = None
    """``Memory``, or None for the node's disk."""

    def to_json(self) -> dict[str, Any]:
        return _given(size=self.size, medium=self.medium)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> WorkDir:
        return WorkDir(data.get("size"), data.get("medium"))


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The model that a pipeline or a step works with."""

    name: str
    version: str | None = None
    """A stage, ``latest``, a number or a name; None: each run makes a new version."""
    description: str | None = None
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return _given(
            name=self.name,
            version=self.version,
            description=self.description,
            tags=list(self.tags),
        )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ModelSpec:
        return ModelSpec(
            data["name"],
            data.get("version"),
            data.get("description"),
            tuple(data.get("tags", ())),
        )


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output of a step."""

    name: str
    """The key: how other steps and history name it."""
    artifact: str | None = None
    """The artifact's name or template; None is ``<pipeline>::<step>::<name>``."""
    version: str | None = None
    kind: str | None = None
    materializer: str | None = None
    """``module:qualname`` of the class that saves it; None lets the value's class decide."""
    pickle: bool = False
    """Whether the author allows pickle for a value that nothing else can save."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return _given(
            name=self.name,
            artifact=self.artifact,
            version=self.version,
            kind=self.kind,
            materializer=self.materializer,
            pickle=self.pickle,
            tags=list(self.tags),
            metadata=dict(self.metadata),
        )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> OutputSpec:
        return OutputSpec(**{**data, "tags": tuple(data.get("tags", ()))})


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step: what runs, on what, and what it puts out."""

    name: str
    """The DNS name, unique in the pipeline."""
    history_name: str
    """The Python name, as history shows it."""
    inputs: Mapping[str, Source] = field(default_factory=dict)
    outputs: tuple[OutputSpec, ...] = ()
    after: tuple[str, ...] = ()
    """Steps to wait for beside those whose outputs are inputs."""
    entrypoint: str | None = None
    """``module:qualname`` of a Python step."""
    code_digest: str | None = None
    """The digest of the source that the step reaches."""
    interpreter: str | None = None
    image: str | None = None
    command: tuple[str, ...] = ()
    model: ModelSpec | None = None
    """Overrides the pipeline's."""
    cache: bool | None = None
    """None: on."""
    retry: Retry | None = None
    timeout: float | None = None
    start_timeout: float | None = None
    resources: Resources | None = None
    work_dir: WorkDir | None = None
    tolerate_oom: bool = False
    """Whether a step that ends well is good though a process of it was killed for memory."""
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: tuple[str, ...] = ()
    """Secrets of the workspace whose keys become environment variables."""
    pod_template: Mapping[str, Any] = field(default_factory=dict)
    """A partial Pod template, checked by who makes the Pod."""

    def to_json(self) -> dict[str, Any]:
        return _given(
            name=self.name,
            python=self._python_json(),
            image=self.image,
            command=list(self.command),
            inputs={name: to_json(source) for name, source in self.inputs.items()},
            outputs=[output.to_json() for output in self.outputs],
            after=list(self.after),
            model=self.model and self.model.to_json(),
            cache=None if self.cache is None else {"enabled": self.cache},
            retry=self.retry and self.retry.to_json(),
            timeout=_duration(self.timeout),
            startTimeout=_duration(self.start_timeout),
            resources=self.resources and self.resources.to_json(),
            workDir=self.work_dir and self.work_dir.to_json(),
            tolerateOOM=self.tolerate_oom,
            env=dict(self.env),
            envFrom=[{"secretRef": {"name": name}} for name in self.env_from],
            podTemplate=dict(self.pod_template),
        )

    def _python_json(self) -> dict[str, Any] | None:
        if self.entrypoint is None:
            return None
        name = self.history_name if self.history_name != self.name else None
        return _given(
            name=name,
            entrypoint=self.entrypoint,
            codeDigest=self.code_digest,
            interpreter=self.interpreter,
        )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> StepSpec:
        python = data.get("python", {})
        return StepSpec(
            name=data["name"],
            history_name=python.get("name", data["name"]),
            inputs={name: from_json(item) for name, item in data.get("inputs", {}).items()},
            outputs=tuple(OutputSpec.from_json(item) for item in data.get("outputs", ())),
            after=tuple(data.get("after", ())),
            entrypoint=python.get("entrypoint"),
            code_digest=python.get("codeDigest"),
            interpreter=python.get("interpreter"),
            image=data.get("image"),
            command=tuple(data.get("command", ())),
            model=_read(ModelSpec.from_json, data.get("model")),
            cache=data.get("cache", {}).get("enabled"),
            retry=_read(Retry.from_json, data.get("retry")),
            timeout=_read(seconds, data.get("timeout")),
            start_timeout=_read(seconds, data.get("startTimeout")),
            resources=_read(Resources.from_json, data.get("resources")),
            work_dir=_read(WorkDir.from_json, data.get("workDir")),
            tolerate_oom=data.get("tolerateOOM", False),
            env=dict(data.get("env", {})),
            env_from=tuple(item["secretRef"]["name"] for item in data.get("envFrom", ())),
            pod_template=dict(data.get("podTemplate", {})),
        )


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter of a pipeline."""

    name: str
    type: str | None = None
    """A JSON Schema type: ``string number integer boolean array object``; None takes any."""
    default: Any = MISSING
    frozen: Any = MISSING
    """The value that was baked in when the pipeline was compiled."""
    nullable: bool = False

    def to_json(self) -> dict[str, Any]:
        values = {
            name: value
            for name, value in (("default", self.default), ("frozen", self.frozen))
            if value is not MISSING
        }
        return {**_given(name=self.name, type=self.type, nullable=self.nullable), **values}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ParameterSpec:
        return ParameterSpec(**data)


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A compiled pipeline."""

    name: str
    steps: tuple[StepSpec, ...] = ()
    """In the order of the body."""
    parameters: tuple[ParameterSpec, ...] = ()
    outputs: Mapping[str, Source] = field(default_factory=dict)
    """What the body returns."""
    model: ModelSpec | None = None
    freshness: str = "step"
    image: str | None = None
    code: str | None = None
    """The digest of the source archive."""
    code_path: tuple[str, ...] = ()
    """The folders of the archive, beside its root, that modules are imported from."""
    timeout: float | None = None
    failure_policy: str = "continue"
    """``continue``: independent steps go on; ``stop``: nothing new; ``fast``: cancel."""
    step_limit: int | None = None
    """How many steps of a run are under way at once at most."""
    pipeline_step_limit: int | None = None
    """How many steps of all runs of the pipeline together."""

    def to_json(self) -> dict[str, Any]:
        return _given(
            name=self.name,
            parameters=[parameter.to_json() for parameter in self.parameters],
            model=self.model and self.model.to_json(),
            freshness=None if self.freshness == "step" else self.freshness,
            image=self.image,
            code=_given(digest=self.code, path=list(self.code_path)),
            timeout=_duration(self.timeout),
            failurePolicy=None if self.failure_policy == "continue" else self.failure_policy,
            limits=_given(steps=self.step_limit, pipelineSteps=self.pipeline_step_limit),
            steps=[step.to_json() for step in self.steps],
            outputs={name: to_json(source) for name, source in self.outputs.items()},
        )

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> PipelineSpec:
        return PipelineSpec(
            name=data["name"],
            steps=tuple(StepSpec.from_json(step) for step in data.get("steps", ())),
            parameters=tuple(ParameterSpec.from_json(p) for p in data.get("parameters", ())),
            outputs={name: from_json(item) for name, item in data.get("outputs", {}).items()},
            model=_read(ModelSpec.from_json, data.get("model")),
            freshness=data.get("freshness", "step"),
            image=data.get("image"),
            code=data.get("code", {}).get("digest"),
            code_path=tuple(data.get("code", {}).get("path", ())),
            timeout=_read(seconds, data.get("timeout")),
            failure_policy=data.get("failurePolicy", "continue"),
            step_limit=data.get("limits", {}).get("steps"),
            pipeline_step_limit=data.get("limits", {}).get("pipelineSteps"),
        )

    @property
    def digest(self) -> str:
        """The digest that a run is frozen by."""
        return digest_of(self.to_json())

    def step(self, name: str) -> StepSpec:
        """The step of that DNS name; KeyError where there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def model_of(self, step: StepSpec) -> ModelSpec | None:
        """The model that a step works with."""
        return step.model or self.model

    def artifact_of(self, step: StepSpec, output: OutputSpec) -> str:
        """The artifact's name, or its template, that an output is a version of."""
        return output.artifact or f"{self.name}::{step.history_name}::{output.name}"


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that say something: neither None, False nor empty."""
    return {
        key: value
        for key, value in fields.items()
        if value is not None and value is not False and value not in ([], {}, ())
    }


def _duration(value: float | None) -> str | None:
    return None if value is None else duration_text(value)


def _read(reader: Callable[[Any], T], data: Any) -> T | None:
    return None if data is None else reader(data)
