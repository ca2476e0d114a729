"""What a look-up in a body takes beside what it looks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lateen.authoring import late
from lateen.authoring.rules import NO_RULES, Rules, only_late, rules, shared_rules
from lateen.domain.errors import CompileError, LateValueError, UserError
from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Guarded,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
)

D = ArtifactReference("d")
PRODUCTION = ModelReference("iris", "production")


def source(value: Any) -> Any:
    return value.__lateen_source__


def artifact(**given: Any) -> Any:
    return late.artifact_version("d", rules=rules(**given))


def test_without_rules_a_reference_stays_as_it_is() -> None:
    assert source(artifact()) == source(artifact(wait=None, on_moved="flag")) == D
    assert rules() == NO_RULES


@pytest.mark.parametrize("default", [None, False, 0, "", [], {"a": [1.5, None]}])
def test_a_default_is_any_json_value(default: Any) -> None:
    assert source(artifact(default=default)) == Guarded(D, default)


def test_a_default_is_taken_as_it_is_now() -> None:
    default = [1]
    found = artifact(default=default)
    default.append(2)
    assert source(found).default == [1]


def test_a_reference_is_no_default() -> None:
    with pytest.raises(CompileError, match=r"test_rules\.py:\d+: the default <late 'd' in its"):
        artifact(default=artifact())


@pytest.mark.parametrize("wait", [10, 10.0, "10s", timedelta(seconds=10)])
def test_a_wait_is_seconds(wait: Any) -> None:
    assert source(artifact(wait=wait)) == Guarded(D, wait=10.0)


@pytest.mark.parametrize("given", [{"wait": -1}, {"wait": True}, {"on_moved": "no"}])
def test_rules_that_cannot_be_are_refused_at_their_line(given: dict[str, Any]) -> None:
    with pytest.raises(CompileError, match=r"test_rules\.py:\d+: "):
        artifact(**given)


def test_what_is_taken_of_a_model_version_inherits_wait_and_on_moved() -> None:
    version = late.model_version("iris", "production", rules(wait=10, on_moved="fail"))
    trained = ModelArtifact(PRODUCTION, "t")
    assert source(version.get_artifact("t")) == Guarded(trained, wait=10, on_moved="fail")
    own = version.get_artifact("t", default=1, wait=3)
    assert source(own) == Guarded(trained, 1, 3, "fail")
    assert source(version.get_artifact("t", on_moved="flag")) == Guarded(trained, wait=10)
    score = Metadata("score", PRODUCTION)
    assert source(version.run_metadata["score"]) == Guarded(score, wait=10, on_moved="fail")
    assert source(version.stage) == Guarded(
        Attribute("stage", PRODUCTION), wait=10, on_moved="fail"
    )
    of_trained = Metadata("rows", trained)
    assert source(version.get_artifact("t").run_metadata.get("rows")) == Guarded(
        of_trained, None, 10, "fail"
    )


def test_past_runs_inherit_them_and_take_defaults() -> None:
    past = late.pipeline("p", rules(wait=10)).last_run.steps["s"]
    output = RunOutput("p", "latest", "s", "output")
    assert source(past.output) == Guarded(output, wait=10)
    assert source(past.outputs.get("output")) == Guarded(output, None, 10)
    assert source(past.outputs.get("output", 3)) == Guarded(output, 3, 10)


def test_metadata_is_asked_as_a_dict_is() -> None:
    metadata = late.artifact_version("d").run_metadata
    assert source(metadata.get("k")) == Guarded(Metadata("k", D), None)
    assert source(metadata.get("k", 1).value) == Guarded(Metadata("k", D), 1)
    assert source(metadata["k"].get("a", 1)) == Guarded(Metadata("k", D, ("a",)), 1)
    assert source(metadata["k"][0].get("a")) == Guarded(Metadata("k", D, (0, "a")), None)
    assert source(metadata.get("k", {}).get("a", 2)) == Guarded(Metadata("k", D, ("a",)), 2)


def test_a_part_of_what_has_a_default_needs_one_of_its_own() -> None:
    metadata = late.artifact_version("d").run_metadata
    for part in (
        lambda: metadata.get("k", {})["a"],
        lambda: metadata.get("k", {"a": 1}).get("a", 2),
        lambda: metadata.get("k")["a"],
    ):
        with pytest.raises(LateValueError, match="a default for the whole value"):
            part()


def test_what_has_a_default_has_no_attributes() -> None:
    for attribute in ("version", "digest", "uri", "id", "name"):
        with pytest.raises(CompileError, match=f"the {attribute} of 'd' .* look it up without"):
            getattr(artifact(default=1), attribute)
    with pytest.raises(CompileError, match=r"write run_metadata\.get"):
        artifact(default=1).run_metadata["k"]
    assert source(artifact(default=1).run_metadata.get("k", 2)) == Guarded(Metadata("k", D), 2)


def test_what_no_step_takes_as_a_whole_has_no_default() -> None:
    with pytest.raises(CompileError, match="and a pipeline is none"):
        shared_rules("a pipeline", {"default": 1})
    assert shared_rules("a pipeline", {"wait": 3}) == Rules(wait=3)


def test_look_ups_that_happen_at_once_take_no_rules() -> None:
    only_late({"wait": None, "on_moved": None})
    for given in ({"default": None}, {"wait": 0}, {"on_moved": "flag"}):
        with pytest.raises(UserError, match="happens at once"):
            only_late(given)
    with pytest.raises(TypeError, match="unexpected keyword argument 'waits'; did you mean 'wait'"):
        only_late({"waits": 1})


def test_a_reference_with_rules_says_them_when_it_is_printed() -> None:
    assert repr(artifact(wait=10, default=1)) == (
        "<late 'd' in its latest version (waits up to 10s, else 1)>"
    )
