"""What a step's input is taken from: the references, and how they stand in JSON.

Every source is a frozen value; ``to_json`` and ``from_json`` are inverse, and the JSON is what a
Pipeline resource holds (design, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.durations import duration_text, seconds
from lateen.domain.errors import ProtocolError
from lateen.domain.missing import MISSING
from lateen.domain.moments import Moment
from lateen.domain.names import LATEST


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of one of the pipeline's parameters."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A plain JSON value, known when the pipeline is compiled."""

    value: Any


@dataclass(frozen=True, slots=True)
class StepOutput:
    """What another step of the same run puts out."""

    step: str
    """The step's DNS name."""
    output: str
    """The output's key."""


@dataclass(frozen=True, slots=True)
class ArtifactReference:
    """A version of an artifact by name and version, by id, or by digest."""

    name: str | None = None
    version: str = LATEST
    """``latest``, a number, or the name of a version."""
    id: str | None = None
    """An id of a version, or a unique prefix of one."""
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A version of a model."""

    name: str | None = None
    """None is the model of the step or the pipeline."""
    version: str | None = None
    """A stage, ``latest``, a number, a name; None is the run's own version."""
    as_of: Moment | None = None
    """Who held the stage then; None is now. Only look-ups that happen at once have it."""


@dataclass(frozen=True, slots=True)
class ModelArtifact:
    """An artifact linked to a version of a model."""

    model: ModelReference
    artifact: str
    version: str | None = None
    """None is the link that counts (semantics 16); else a number or name of the artifact's."""
    kind: str | None = None
    """The kind that the look-up asks for, such as ``model``; None takes any."""


@dataclass(frozen=True, slots=True)
class RunOutput:
    """What a step of a past run of a pipeline put out."""

    pipeline: str
    select: str
    """``latest-successful``, ``latest`` but for the run that asks, or the id of a run."""
    step: str
    output: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """A metadata value logged on an artifact version or a model version."""

    key: str
    of: Subject
    path: tuple[str | int, ...] = ()
    """Further keys and positions inside the value."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One of ``ATTRIBUTES`` of what a reference becomes."""

    name: str
    of: Subject


@dataclass(frozen=True, slots=True)
class Items:
    """A list or tuple of sources, loaded as that container."""

    items: tuple[Source, ...]
    container: str = "list"
    """``list`` or ``tuple``."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A dict of sources under string keys."""

    entries: tuple[tuple[str, Source], ...]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A reference with its own rules for what happens when it matches nothing, or moves."""

    source: Version | Metadata | Attribute
    default: Any = MISSING
    """The JSON value to use where nothing matches."""
    wait: float | None = None
    """Seconds to wait for something that matches."""
    on_moved: str = "flag"
    """``flag``: the receipt says that it moved during the attempt; ``fail``: the attempt fails."""


Version = StepOutput | ArtifactReference | ModelArtifact | RunOutput
"""What resolves to an artifact version."""
Subject = Version | ModelReference
"""What has metadata and attributes."""
Read = Subject | Metadata | Attribute
"""What can be looked up in the catalog by itself."""
Source = Parameter | Value | Version | Metadata | Attribute | Guarded | Items | Entries

LATEST_SUCCESSFUL = "latest-successful"
"""Selects the newest run that succeeded."""
RULES = ("default", "wait", "onMoved")
"""What may stand beside a reference in JSON."""
DETAILS = "details"
"""Of a read in a step's body: all that can still change about a version, as it was then."""
ATTRIBUTES = ("version", "digest", "uri", "id", "name", "number", "stage")


def to_json(source: Source | Subject) -> dict[str, Any]:
    """The source as a Pipeline resource holds it."""
    match source:
        case Parameter(name):
            return {"parameter": name}
        case Value(value):
            return {"value": value}
        case StepOutput(step, output):
            return {"step": step, "output": output}
        case ArtifactReference():
            return {"artifact": _artifact_json(source)}
        case ModelReference():
            return {"model": _model_json(source)}
        case ModelArtifact(model, artifact, version, kind):
            return {
                "model": {
                    **_model_json(model),
                    **_given(artifact=artifact, artifactVersion=version, kind=kind),
                }
            }
        case RunOutput(pipeline, select, step, output):
            return {"run": {"pipeline": pipeline, "select": select, "step": step, "output": output}}
        case Metadata(key, of, path):
            return {"metadata": {"key": key, "of": to_json(of), **_given(path=list(path) or None)}}
        case Attribute(name, of):
            return {"attribute": name, "of": to_json(of)}
        case Guarded():
            return {**to_json(source.source), **_rules_json(source)}
        case Items(items, container):
            tuple_mark = {} if container == "list" else {"as": container}
            return {"list": [to_json(item) for item in items], **tuple_mark}
        case Entries(entries):
            return {"map": {key: to_json(item) for key, item in entries}}


def _artifact_json(source: ArtifactReference) -> dict[str, Any]:
    if source.digest is not None:
        return {"digest": source.digest}
    if source.id is not None:
        return {"id": source.id}
    return {"name": source.name, "version": source.version}


def _model_json(source: ModelReference) -> dict[str, Any]:
    as_of = None if source.as_of is None else source.as_of.to_json()
    return _given(name=source.name, version=source.version, asOf=as_of)


def _rules_json(source: Guarded) -> dict[str, Any]:
    return {
        **({} if source.default is MISSING else {"default": source.default}),
        **_given(
            wait=None if source.wait is None else duration_text(source.wait),
            onMoved=None if source.on_moved == "flag" else source.on_moved,
        ),
    }


def _given(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def from_json(data: Mapping[str, Any]) -> Source:
    """The source that a resource or the catalog holds; ProtocolError where it is none."""
    source = subject_from_json(data)
    if isinstance(source, ModelReference):
        raise ProtocolError(f"a model version cannot be an input by itself: {dict(data)!r}")
    return source


def subject_from_json(data: Mapping[str, Any]) -> Source | ModelReference:
    """Like ``from_json``, but a model version may stand alone."""
    rules = {key: data[key] for key in RULES if key in data}
    if rules:
        return _guarded({key: data[key] for key in data if key not in RULES}, rules)
    match data:
        case {"parameter": str(name)}:
            return Parameter(name)
        case {"value": value}:
            return Value(value)
        case {"step": str(step), "output": str(output)}:
            return StepOutput(step, output)
        case {"artifact": dict() as fields}:
            return _built(ArtifactReference, {"version": LATEST, **fields})
        case {"model": dict() as fields}:
            return _model_from_json(fields)
        case {"run": dict() as fields}:
            return _built(RunOutput, fields)
        case {"metadata": {"key": str(key), "of": dict() as of, "path": list() as path}}:
            return Metadata(key, _subject(of), tuple(path))
        case {"metadata": {"key": str(key), "of": dict() as of}}:
            return Metadata(key, _subject(of))
        case {"attribute": str(name), "of": dict() as of}:
            return Attribute(name, _subject(of))
        case {"list": list() as items}:
            return Items(tuple(from_json(item) for item in items), data.get("as", "list"))
        case {"map": dict() as entries}:
            return Entries(tuple((key, from_json(item)) for key, item in entries.items()))
    raise _unknown(data)


def _built(kind: Callable[..., Version], fields: Mapping[str, Any]) -> Version:
    try:
        return kind(**fields)
    except TypeError:
        raise _unknown(fields) from None


def _unknown(data: Mapping[str, Any]) -> ProtocolError:
    return ProtocolError(f"not a source that this version of Lateen knows: {dict(data)!r}")


def _guarded(data: dict[str, Any], rules: dict[str, Any]) -> Guarded:
    source = from_json(data)
    if isinstance(source, Parameter | Value | Guarded | Items | Entries):
        raise ProtocolError(
            f"{described(source)} has no default, wait or onMoved: it is always there"
        )
    wait = rules.get("wait")
    return Guarded(
        source,
        rules.get("default", MISSING),
        None if wait is None else seconds(wait),
        rules.get("onMoved", "flag"),
    )


def read_from_json(data: Mapping[str, Any]) -> Read:
    """What a step's body looked up, as its receipt holds it."""
    source = subject_from_json(data)
    if isinstance(source, Parameter | Value | Items | Entries | Guarded):
        raise ProtocolError(f"this is not looked up in the catalog: {dict(data)!r}")
    return source


def _model_from_json(fields: dict[str, Any]) -> ModelReference | ModelArtifact:
    as_of = fields.get("asOf")
    moment = None if as_of is None else Moment.from_json(as_of)
    model = ModelReference(fields.get("name"), fields.get("version"), moment)
    if "artifact" not in fields:
        return model
    return ModelArtifact(
        model, fields["artifact"], fields.get("artifactVersion"), fields.get("kind")
    )


def _subject(data: Mapping[str, Any]) -> Subject:
    subject = subject_from_json(data)
    if isinstance(subject, StepOutput | ArtifactReference | ModelArtifact | RunOutput):
        return subject
    if isinstance(subject, ModelReference):
        return subject
    raise ProtocolError(f"this has neither metadata nor attributes: {dict(data)!r}")


def leaves(source: Source) -> Iterator[Source]:
    """The source itself, or those inside a list or a map, in order."""
    for _, leaf in placed(source):
        yield leaf


def placed(source: Source, path: str = "") -> Iterator[tuple[str, Source]]:
    """Like ``leaves``, each with its place in the lists and dicts around it, such as ``0.left``."""
    match source:
        case Items(items):
            for position, item in enumerate(items):
                yield from placed(item, joined(path, position))
        case Entries(entries):
            for key, item in entries:
                yield from placed(item, joined(path, key))
        case _:
            yield path, source


def joined(path: str, part: object) -> str:
    """The place of an item in a container that stands at a place itself."""
    return f"{path}.{part}" if path else str(part)


def is_own_model(subject: Subject | None) -> bool:
    """Whether it is, or belongs to, the model version that the step works with."""
    match subject:
        case ModelReference(version=None) | ModelArtifact(model=ModelReference(version=None)):
            return True
    return False


def subject_of(source: Source) -> Subject | None:
    """What must be found in the catalog for the source; None for values and parameters."""
    match source:
        case Guarded(source=guarded):
            return subject_of(guarded)
        case Metadata(of=of) | Attribute(of=of):
            return of
        case StepOutput() | ArtifactReference() | ModelArtifact() | RunOutput():
            return source
    return None


def steps_of(source: Source) -> Iterator[str]:
    """The steps of the same run that the source waits for."""
    for leaf in leaves(source):
        subject = subject_of(leaf)
        if isinstance(subject, StepOutput):
            yield subject.step


def described(source: Source | Subject) -> str:
    """The source in words, for messages and receipts."""
    match source:
        case Parameter(name):
            return f"the parameter {name!r}"
        case Value(value):
            return f"the value {value!r}"
        case StepOutput(step, output):
            return f"{output!r} of the step {step!r}"
        case ArtifactReference(name, version, id_, digest):
            if digest is not None or id_ is not None:
                return f"the artifact version {digest or id_}"
            return f"{name!r} {_version_words(version)}"
        case ModelReference():
            return _model_words(source)
        case ModelArtifact(model, artifact, _, _):
            return f"{artifact!r} of {described(model)}"
        case RunOutput(pipeline, select, step, output):
            return f"{output!r} of the step {step!r} of {_run_words(pipeline, select)}"
        case Metadata(key, of, path):
            return f"metadata {'.'.join(map(str, (key, *path)))!r} of {described(of)}"
        case Attribute(name, of):
            return f"{_attribute_words(name, of)} of {described(of)}"
        case Guarded():
            return f"{described(source.source)}{_rules_words(source)}"
        case Items() | Entries():
            return _container_words(source)


def _rules_words(source: Guarded) -> str:
    rules = []
    if source.wait is not None:
        rules.append(f"waits up to {duration_text(source.wait)}")
    if source.default is not MISSING:
        rules.append(f"else {source.default!r}")
    if source.on_moved == "fail":
        rules.append("must not move")
    return f" ({', '.join(rules)})" if rules else ""


def _run_words(pipeline: str, select: str) -> str:
    match select:
        case "latest":
            return f"the last run of {pipeline!r}"
        case "latest-successful":
            return f"the last successful run of {pipeline!r}"
    return f"the run {select} of {pipeline!r}"


def _attribute_words(name: str, of: Subject) -> str:
    if name != DETAILS:
        return f"the {name}"
    return "metadata and stage" if isinstance(of, ModelReference) else "metadata"


def _container_words(source: Items | Entries) -> str:
    if isinstance(source, Items):
        return f"a {source.container} of {len(source.items)}"
    return f"a dict of {len(source.entries)}"


def _model_words(model: ModelReference) -> str:
    if model.name is None and model.version is None:
        return "the pipeline's model"
    name = f"the model {model.name!r}" if model.name else "the pipeline's model"
    moment = f" {model.as_of.words}" if model.as_of else ""
    return f"{name} {_version_words(model.version)}{moment}"


def _version_words(version: str | None) -> str:
    if version is None:
        return "in this run's version"
    if version in ("staging", "production", "none", "archived"):
        return f"in {version}"
    return "in its latest version" if version == LATEST else f"version {version}"
