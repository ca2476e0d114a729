"""References and pipelines for random histories: few names, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
    Source,
    StepOutput,
    Value,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, Retry, StepSpec

ARTIFACTS, MODELS, PIPELINES = ("a", "b"), ("m", "n"), ("p", "q")
FIRST, SECOND = "first", "second"
texts = st.sampled_from(("x", "y", "z"))
stages = st.sampled_from(("none", "staging", "production", "production", "archived"))

artifact_references = st.builds(
    ArtifactReference,
    st.sampled_from(ARTIFACTS),
    st.sampled_from(("latest", "latest", "latest", "1", "2", "v1")),
)
model_references = st.builds(
    ModelReference,
    st.sampled_from(MODELS),
    st.sampled_from(
        ("production", "production", "latest", "latest", "1", "1.0", "none", "staging")
    ),
)
own_model = st.sampled_from((ModelReference(), ModelReference("m")))
model_artifacts = st.builds(
    ModelArtifact,
    model_references | model_references | model_references | own_model,
    st.sampled_from(ARTIFACTS),
    st.sampled_from((None, None, None, "1")),
)
past_outputs = st.builds(
    RunOutput,
    st.sampled_from(PIPELINES),
    st.sampled_from(("latest-successful", "latest")),
    st.just(FIRST),
    st.just("out"),
)
versions = artifact_references | model_artifacts | past_outputs
subjects = versions | model_references
references = (
    versions
    | st.builds(Metadata, st.just("k"), artifact_references | model_references | model_artifacts)
    | st.builds(Attribute, st.just("number"), artifact_references | model_references)
)
looked_up_outside = artifact_references | model_references
guarded = st.builds(
    Guarded,
    references,
    default=st.just(7),
    on_moved=st.sampled_from(("flag", "fail")),
)
values = st.builds(Value, st.integers(0, 1))
sources = artifact_references | references | guarded | guarded | values


def inputs(leaves: st.SearchStrategy[Source]) -> st.SearchStrategy[dict[str, Source]]:
    """Up to two inputs; one of them may be a list."""
    several = st.lists(leaves, min_size=1, max_size=2).map(lambda found: Items(tuple(found)))
    return st.dictionaries(st.sampled_from(("i", "j")), leaves | leaves | several, max_size=2)


def steps(name: str, leaves: st.SearchStrategy[Source]) -> st.SearchStrategy[StepSpec]:
    return st.builds(
        lambda given, artifact, version, code, refresh: StepSpec(
            name,
            name,
            inputs=dict(sorted(given.items())),
            outputs=(OutputSpec("out", artifact, version),),
            entrypoint="tests:step",
            code_digest=code,
            cache=None if code else False,
            retry=Retry(limit=9, refresh=refresh),
        ),
        inputs(leaves),
        st.sampled_from(ARTIFACTS),
        st.sampled_from((None, None, None, "v1")),
        st.sampled_from(("sha256:c", "sha256:c", "sha256:c", "sha256:d", None)),
        st.booleans(),
    )


@st.composite
def pipelines(draw: st.DrawFn) -> PipelineSpec:
    """One step, or two of which the second may take what the first puts out."""
    chosen = [draw(steps(FIRST, sources))]
    if draw(st.booleans()):
        from_first = st.just(StepOutput(FIRST, "out"))
        chosen.append(draw(steps(SECOND, from_first | sources)))
    own = st.sampled_from((None, None, None, None, "1.0", "production", "latest", "1"))
    model = draw(st.none() | st.builds(ModelSpec, st.sampled_from(MODELS), own))
    return PipelineSpec(
        draw(st.sampled_from(PIPELINES)),
        steps=tuple(chosen),
        model=model,
        freshness=draw(st.sampled_from(("step", "step", "run"))),
    )


def training(model: str) -> PipelineSpec:
    """Makes a version of a model with an artifact of each name."""
    outputs = tuple(OutputSpec(name, artifact) for name, artifact in (("out", "a"), ("more", "b")))
    step = StepSpec(FIRST, FIRST, outputs=outputs, cache=False)
    return PipelineSpec("p", steps=(step,), model=ModelSpec(model))
