"""Hypothesis strategies for compiled pipelines and everything inside them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

from hypothesis import strategies as st

from lateen.domain.references import (
    ATTRIBUTES,
    ArtifactReference,
    Attribute,
    Entries,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Parameter,
    RunOutput,
    Source,
    StepOutput,
    Subject,
    Value,
)
from lateen.domain.spec import (
    MISSING,
    ModelSpec,
    OutputSpec,
    ParameterSpec,
    PipelineSpec,
    Resources,
    Retry,
    StepSpec,
    WorkDir,
)

T = TypeVar("T")

names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,12}", fullmatch=True)
dns_names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
templates = names | st.just("report_{date}_{time}")
digests = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
durations = st.integers(0, 10**9).map(lambda thousandths: thousandths / 1000)
entrypoints = st.tuples(identifiers, identifiers).map(":".join)

exact_integers = st.integers(-(2**53), 2**53)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | exact_integers | floats | texts
json_values = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)


@st.composite
def anything_anywhere(draw: st.DrawFn, document: Any) -> Any:
    """The JSON document with any place of it replaced by anything."""
    changed = deepcopy(document)
    place = changed
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not (isinstance(place[key], dict | list) and place[key]) or draw(st.booleans()):
            break
        place = place[key]
    place[key] = draw(json_values)
    return changed


def optional(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


versions = names
tags = st.lists(names, max_size=2).map(tuple)

artifact_references = st.one_of(
    st.builds(ArtifactReference, name=names, version=versions),
    st.builds(ArtifactReference, id=words),
    st.builds(ArtifactReference, digest=digests),
)
model_references = st.builds(ModelReference, optional(names), optional(versions))
model_artifacts = st.builds(
    ModelArtifact, model_references, names, optional(versions), optional(words)
)
run_outputs = st.builds(RunOutput, names, words, names, templates)


def subjects(steps: tuple[str, ...] = ()) -> st.SearchStrategy[Subject]:
    """What has metadata; outputs of steps only where there are earlier ones."""
    late = artifact_references | model_artifacts | run_outputs | model_references
    return late | _step_outputs(steps) if steps else late


def sources(steps: tuple[str, ...] = ()) -> st.SearchStrategy[Source]:
    """Any source of an input, containers and rules among them."""
    paths = st.lists(words | st.integers(0, 9), max_size=2).map(tuple)
    metadata = st.builds(Metadata, words, subjects(steps), paths)
    attributes = st.builds(Attribute, st.sampled_from(ATTRIBUTES), subjects(steps))
    late = artifact_references | model_artifacts | run_outputs | metadata | attributes
    plain = st.builds(Parameter, identifiers) | st.builds(Value, json_values)
    leaves = plain | late | _guarded(late) | (_step_outputs(steps) if steps else st.nothing())
    return st.recursive(leaves, _containers, max_leaves=4)


def _step_outputs(steps: tuple[str, ...]) -> st.SearchStrategy[StepOutput]:
    return st.builds(StepOutput, st.sampled_from(steps), templates)


def _guarded(late: st.SearchStrategy[Source]) -> st.SearchStrategy[Guarded]:
    guarded = st.builds(
        Guarded,
        late,
        st.just(MISSING) | json_values,
        optional(durations),
        st.sampled_from(["flag", "fail"]),
    )
    return guarded.filter(lambda it: it != Guarded(it.source))


def _containers(children: st.SearchStrategy[Source]) -> st.SearchStrategy[Source]:
    items = st.lists(children, max_size=3).map(tuple)
    entries = st.dictionaries(names, children, max_size=3).map(lambda it: tuple(it.items()))
    containers = st.sampled_from(["list", "tuple"])
    return st.builds(Items, items, containers) | st.builds(Entries, entries)


models = st.builds(ModelSpec, names, optional(versions), optional(texts), tags)
outputs = st.builds(
    OutputSpec,
    name=templates,
    artifact=optional(templates),
    version=optional(versions),
    kind=optional(words),
    materializer=optional(words),
    pickle=st.booleans(),
    tags=tags,
    metadata=json_objects,
)
retries = st.builds(
    Retry,
    st.integers(0, 9),
    durations,
    st.floats(1, 100),
    durations,
    st.booleans(),
)
quantities = st.from_regex(r"[0-9]{1,3}(m|Mi|Gi)?", fullmatch=True)
resources = st.builds(
    Resources,
    cpu=optional(quantities),
    memory=optional(quantities),
    gpu=optional(st.integers(1, 8)),
    further=st.dictionaries(st.just("ephemeral-storage"), quantities),
    limits=optional(st.dictionaries(st.sampled_from(["cpu", "memory"]), quantities)),
).map(lambda it: Resources.from_json(it.to_json()))
"""In the form that is read back: limits that follow from the requests stay implied."""


work_dirs = st.builds(WorkDir, optional(quantities), st.sampled_from([None, "Memory"]))


@st.composite
def steps(draw: st.DrawFn, name: str, earlier: tuple[str, ...] = ()) -> StepSpec:
    """A step that may take what earlier ones put out; Python or a plain command."""
    python = draw(st.booleans())
    return StepSpec(
        name=name,
        history_name=draw(names) if python else name,
        inputs=draw(st.dictionaries(names, sources(earlier), max_size=3)),
        outputs=tuple(draw(st.lists(outputs, max_size=2, unique_by=lambda it: it.name))),
        after=tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else (),
        entrypoint=draw(entrypoints) if python else None,
        code_digest=draw(optional(digests)) if python else None,
        interpreter=draw(optional(words)) if python else None,
        image=draw(optional(words)),
        command=() if python else tuple(draw(st.lists(texts, max_size=3))),
        model=draw(optional(models)),
        cache=draw(optional(st.booleans())),
        retry=draw(optional(retries)),
        timeout=draw(optional(durations)),
        start_timeout=draw(optional(durations)),
        resources=draw(optional(resources.filter(lambda it: it != Resources()))),
        work_dir=draw(optional(work_dirs.filter(lambda it: it != WorkDir()))),
        tolerate_oom=draw(st.booleans()),
        env=draw(st.dictionaries(words, texts, max_size=2)),
        env_from=tuple(draw(st.lists(dns_names, max_size=2))),
        pod_template=draw(json_objects),
    )


_TYPED_VALUES: dict[str | None, st.SearchStrategy[object]] = {
    None: json_values,
    "string": texts,
    "number": floats,
    "integer": st.integers(),
    "boolean": st.booleans(),
    "array": st.lists(json_values, max_size=3),
    "object": json_objects,
}


@st.composite
def parameters(draw: st.DrawFn, name: str) -> ParameterSpec:
    """A parameter with or without a default, or frozen; its values have its type."""
    schema = draw(st.sampled_from(list(_TYPED_VALUES)))
    nullable = draw(st.booleans())
    value = draw(_TYPED_VALUES[schema] | (st.none() if nullable else st.nothing()))
    held = draw(st.sampled_from(["default", "frozen", None]))
    return ParameterSpec(
        name,
        schema,
        default=value if held == "default" else MISSING,
        frozen=value if held == "frozen" else MISSING,
        nullable=nullable,
    )


@st.composite
def pipelines(draw: st.DrawFn) -> PipelineSpec:
    """A compiled pipeline with all the forms that a resource has."""
    step_names = tuple(draw(st.lists(dns_names, min_size=1, max_size=3, unique=True)))
    code = draw(optional(digests))
    return PipelineSpec(
        name=draw(names),
        steps=tuple(
            draw(steps(name, step_names[:position])) for position, name in enumerate(step_names)
        ),
        parameters=tuple(
            draw(parameters(name)) for name in draw(st.lists(identifiers, max_size=3, unique=True))
        ),
        outputs=draw(st.dictionaries(names, sources(step_names), max_size=2)),
        model=draw(optional(models)),
        freshness=draw(st.sampled_from(["step", "run"])),
        image=draw(optional(words)),
        code=code,
        code_path=("src", "examples/iris") if code and draw(st.booleans()) else (),
        timeout=draw(optional(durations)),
        failure_policy=draw(st.sampled_from(["continue", "stop", "fast"])),
        step_limit=draw(optional(st.integers(1, 2000))),
        pipeline_step_limit=draw(optional(st.integers(1, 2000))),
    )
