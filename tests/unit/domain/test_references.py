from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from lateen.domain.errors import ProtocolError
from lateen.domain.missing import MISSING
from lateen.domain.references import (
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
    described,
    from_json,
    leaves,
    steps_of,
    subject_from_json,
    subject_of,
    to_json,
)
from tests.strategies.specs import model_references, sources

OUTPUT = StepOutput("load", "iris")
OWN = ModelReference()
PRODUCTION = ModelReference("m", "production")

WRITTEN: list[tuple[Source | Subject, dict[str, Any]]] = [
    (Parameter("threshold"), {"parameter": "threshold"}),
    (Value(None), {"value": None}),
    (OUTPUT, {"step": "load", "output": "iris"}),
    (ArtifactReference("d"), {"artifact": {"name": "d", "version": "latest"}}),
    (ArtifactReference("d", "3"), {"artifact": {"name": "d", "version": "3"}}),
    (ArtifactReference(id="abcd"), {"artifact": {"id": "abcd"}}),
    (ArtifactReference(digest="sha256:0"), {"artifact": {"digest": "sha256:0"}}),
    (ModelArtifact(OWN, "t"), {"model": {"artifact": "t"}}),
    (
        ModelArtifact(PRODUCTION, "t", "2", "model"),
        {
            "model": {
                "name": "m",
                "version": "production",
                "artifact": "t",
                "artifactVersion": "2",
                "kind": "model",
            }
        },
    ),
    (PRODUCTION, {"model": {"name": "m", "version": "production"}}),
    (
        RunOutput("p", "latest-successful", "s", "o"),
        {"run": {"pipeline": "p", "select": "latest-successful", "step": "s", "output": "o"}},
    ),
    (
        Metadata("MSE", PRODUCTION),
        {"metadata": {"key": "MSE", "of": {"model": {"name": "m", "version": "production"}}}},
    ),
    (
        Metadata("scores", OUTPUT, ("f1", 0)),
        {
            "metadata": {
                "key": "scores",
                "of": {"step": "load", "output": "iris"},
                "path": ["f1", 0],
            }
        },
    ),
    (
        Attribute("digest", OUTPUT),
        {"attribute": "digest", "of": {"step": "load", "output": "iris"}},
    ),
    (
        Guarded(OUTPUT, default=None, wait=90.0, on_moved="fail"),
        {"step": "load", "output": "iris", "default": None, "wait": "1m30s", "onMoved": "fail"},
    ),
    (
        Items((OUTPUT, Value(3))),
        {"list": [{"step": "load", "output": "iris"}, {"value": 3}]},
    ),
    (Items((), "tuple"), {"list": [], "as": "tuple"}),
    (Entries((("a", Value(1)),)), {"map": {"a": {"value": 1}}}),
]


@pytest.mark.parametrize(("source", "data"), WRITTEN)
def test_every_source_has_the_form_that_a_resource_holds(
    source: Source | Subject, data: dict[str, Any]
) -> None:
    assert to_json(source) == data
    assert subject_from_json(data) == source


@given(sources(("a", "b")))
def test_every_source_survives_json(source: Source) -> None:
    assert from_json(json.loads(json.dumps(to_json(source)))) == source


@given(model_references)
def test_a_model_version_survives_json_but_is_no_input_by_itself(model: ModelReference) -> None:
    assert subject_from_json(to_json(model)) == model
    with pytest.raises(ProtocolError, match="cannot be an input by itself"):
        from_json(to_json(model))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"parameter": 3},
        {"step": "load"},
        {"artifact": "d"},
        {"artifact": {"nmae": "d"}},
        {"run": {"pipeline": "p"}},
        {"metadata": {"key": "MSE"}},
        {"metadata": {"key": "MSE", "of": {"value": 1}}},
        {"attribute": "digest", "of": {"parameter": "p"}},
        {"list": {"0": {"value": 1}}},
        {"map": []},
        {"secret": {"name": "x"}},
        {"value": 1, "default": 2},
        {"list": [], "wait": "1s"},
    ],
)
def test_what_is_no_source_is_a_protocol_error(data: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        from_json(data)


def test_a_default_of_none_is_a_default() -> None:
    assert from_json({**to_json(OUTPUT), "default": None}) == Guarded(OUTPUT, default=None)
    assert from_json({**to_json(OUTPUT), "wait": "5s"}) == Guarded(OUTPUT, MISSING, wait=5.0)


NESTED = Items(
    (
        Entries((("a", OUTPUT), ("b", Value(1)))),
        Guarded(Metadata("k", StepOutput("train", "m"))),
        Attribute("version", ArtifactReference("d")),
    )
)


def test_leaves_come_in_order() -> None:
    found = list(leaves(NESTED))
    assert found[:2] == [OUTPUT, Value(1)]
    assert len(found) == 4


def test_the_steps_behind_a_source_are_found_at_any_depth() -> None:
    assert list(steps_of(NESTED)) == ["load", "train"]


def test_the_subject_is_what_must_be_found() -> None:
    assert subject_of(Guarded(Metadata("k", OUTPUT))) == OUTPUT
    assert subject_of(Attribute("version", PRODUCTION)) == PRODUCTION
    assert subject_of(ArtifactReference("d")) == ArtifactReference("d")
    assert subject_of(Value(1)) is None
    assert subject_of(Parameter("p")) is None


@given(sources(("a",)))
def test_every_source_can_be_said_in_words(source: Source) -> None:
    assert described(source)


def test_the_words_say_which_version_is_meant() -> None:
    assert described(ModelArtifact(PRODUCTION, "t")) == "'t' of the model 'm' in production"
    assert described(ArtifactReference("d")) == "'d' in its latest version"
    assert described(ArtifactReference("d", "3")) == "'d' version 3"
    assert (
        described(Metadata("s", OUTPUT, ("f1",))) == "metadata 's.f1' of 'iris' of the step 'load'"
    )
    assert described(OWN) == "the pipeline's model"
