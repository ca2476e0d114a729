from __future__ import annotations

import math
from typing import Any

import pytest

from lateen.domain.errors import (
    KindMismatchError,
    MissingReferenceError,
    NotFoundError,
    StillMissingError,
)
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Receipt,
    Resolution,
)
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
    to_json,
)
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec
from lateen.step.resolve import Conditions, look_up, needs_own_version, resolve
from tests.unit.step.lookups import Catalog

RUN = "run-1"
OWN = ModelReference()
PRODUCTION = ModelReference("m", "production")


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


def resolved(
    catalog: Catalog,
    source: Source | None = None,
    model: ModelSpec | None = None,
    pinned: dict[tuple[str, str], Receipt] | None = None,
    waited: float = math.inf,
    **parameters: Any,
) -> Resolution:
    """What a step with the one input ``x`` resolves to."""
    step = StepSpec("train", "train", inputs={} if source is None else {"x": source})
    spec = PipelineSpec("p", (step,), model=model)
    return resolve(spec, step, RUN, parameters, catalog, Conditions(pinned or {}, waited))


def artifact(catalog: Catalog, source: Source, model: ModelSpec | None = None) -> str:
    """The id of the artifact that the input becomes."""
    found = resolved(catalog, source, model).inputs["x"]
    assert isinstance(found, ArtifactInput)
    return found.artifact.id


def value(catalog: Catalog, source: Source, model: ModelSpec | None = None) -> Any:
    found = resolved(catalog, source, model).inputs["x"]
    assert isinstance(found, PlainInput)
    return found.value


def missing(catalog: Catalog, source: Source | None, model: ModelSpec | None = None) -> str:
    with pytest.raises(MissingReferenceError) as caught:
        resolved(catalog, source, model)
    return str(caught.value)


# What each kind of reference becomes:


def test_a_value_and_a_parameter_are_themselves(catalog: Catalog) -> None:
    assert value(catalog, Value([1, None])) == [1, None]
    found = resolved(catalog, Parameter("n"), n=3)
    assert found.inputs == {"x": PlainInput(3)}
    assert found.receipts == (Receipt("x", "", {"parameter": "n"}, value=3, has_value=True),)


def test_latest_is_the_highest_number(catalog: Catalog) -> None:
    catalog.publish("d")
    second = catalog.publish("d")
    found = resolved(catalog, ArtifactReference("d"))
    assert found.inputs == {"x": ArtifactInput(second)}
    reference = {"artifact": {"name": "d", "version": "latest"}}
    assert found.receipts == (Receipt("x", "", reference, second),)
    assert found.receipts[0].became == "2"


def test_a_version_is_found_by_number_and_by_name(catalog: Catalog) -> None:
    first = catalog.publish("d", "raw")
    catalog.publish("d")
    assert artifact(catalog, ArtifactReference("d", "1")) == first.id
    assert artifact(catalog, ArtifactReference("d", "raw")) == first.id


def test_a_version_is_found_by_its_id_and_by_a_prefix_given_as_a_name(catalog: Catalog) -> None:
    first = catalog.publish("d")
    assert artifact(catalog, ArtifactReference(id=first.id)) == first.id
    assert artifact(catalog, ArtifactReference("d-1-")) == first.id


def test_a_name_goes_before_a_prefix_of_an_id(catalog: Catalog) -> None:
    catalog.publish("data")
    named = catalog.publish("data-1")
    assert artifact(catalog, ArtifactReference("data-1")) == named.id


def test_a_version_is_found_by_its_digest(catalog: Catalog) -> None:
    first = catalog.publish("d")
    assert artifact(catalog, ArtifactReference(digest=first.digest)) == first.id


def test_an_output_of_a_step_is_that_of_the_same_run(catalog: Catalog) -> None:
    mine, other = catalog.publish("d"), catalog.publish("d")
    catalog.outputs[RUN, "load", "iris"] = mine
    catalog.outputs["run-2", "load", "iris"] = other
    assert artifact(catalog, StepOutput("load", "iris")) == mine.id


@pytest.mark.parametrize("select", ["latest", "latest-successful"])
def test_an_output_of_a_past_run_is_that_of_the_selected_one(catalog: Catalog, select: str) -> None:
    made = catalog.publish("d")
    catalog.runs["q", select] = "run-9"
    catalog.outputs["run-9", "s", "o"] = made
    assert artifact(catalog, RunOutput("q", select, "s", "o")) == made.id
    assert artifact(catalog, RunOutput("q", "run-9", "s", "o")) == made.id


def test_an_artifact_of_a_stage_comes_with_the_event_that_brought_it_there(
    catalog: Catalog,
) -> None:
    model = catalog.add_model("m", "production", stage_event=7)
    trained = catalog.publish("t", kind="model")
    catalog.links[model.id] = [catalog.publish("other"), trained]
    found = resolved(catalog, ModelArtifact(PRODUCTION, "t", kind="model"))
    assert found.inputs == {"x": ArtifactInput(trained)}
    reference = to_json(ModelArtifact(PRODUCTION, "t", kind="model"))
    assert found.receipts == (Receipt("x", "", reference, trained, model, 7),)


def test_an_artifact_of_a_numbered_version_owes_nothing_to_its_stage(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production", stage_event=7)
    catalog.links[model.id] = [catalog.publish("t")]
    found = resolved(catalog, ModelArtifact(ModelReference("m", "1"), "t"))
    assert found.receipts[0].stage_event is None


def test_an_artifact_of_a_model_may_be_asked_for_by_its_own_version(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production")
    first, second = catalog.publish("t"), catalog.publish("t")
    catalog.links[model.id] = [first, second]
    assert artifact(catalog, ModelArtifact(PRODUCTION, "t")) == second.id
    assert artifact(catalog, ModelArtifact(PRODUCTION, "t", "1")) == first.id


def test_the_latest_version_of_a_model_is_one_whose_run_went_well_or_ones_own(
    catalog: Catalog,
) -> None:
    good, others = catalog.add_model("m"), catalog.add_model("m", run="run-2")
    latest = ModelReference("m", "latest")
    assert value(catalog, Attribute("number", latest)) == good.number
    mine = catalog.add_model("m", run=RUN)
    assert value(catalog, Attribute("number", latest)) == mine.number > others.number


def test_the_pipelines_own_model_is_the_version_that_the_run_makes(catalog: Catalog) -> None:
    mine = catalog.add_model("m", run=RUN)
    catalog.add_model("m", "production")
    made = catalog.publish("t")
    catalog.links[mine.id] = [made]
    found = resolved(catalog, ModelArtifact(OWN, "t"), ModelSpec("m"))
    assert found.model == mine
    assert found.inputs == {"x": ArtifactInput(made)}


def test_a_pipelines_model_by_stage_is_a_reference_like_the_others(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production", stage_event=3)
    catalog.links[model.id] = [catalog.publish("t")]
    found = resolved(catalog, ModelArtifact(OWN, "t"), ModelSpec("m", "production"))
    assert found.model == model
    own = Receipt("", "", {"model": {"name": "m", "version": "production"}}, None, model, 3)
    assert found.receipts[0] == own
    assert (found.receipts[1].model, found.receipts[1].stage_event) == (model, 3)


def test_a_model_of_which_the_run_has_no_version_yet_is_still_to_be_made(catalog: Catalog) -> None:
    for model in (ModelSpec("m"), ModelSpec("m", "1.0")):
        found = resolved(catalog, model=model)
        assert found.model is None
        assert found.receipts == ()


def test_metadata_is_the_newest_value_and_what_lies_inside_it(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production", stage_event=7)
    made = catalog.publish("t")
    catalog.logged[model.id, "scores"] = {"f1": [0.5, 0.9]}
    catalog.logged[made.id, "rows"] = 150
    assert value(catalog, Metadata("rows", ArtifactReference("t"))) == 150
    assert value(catalog, Metadata("scores", PRODUCTION, ("f1", 1))) == 0.9
    found = resolved(catalog, Metadata("scores", PRODUCTION))
    assert found.receipts[0].stage_event == 7
    assert found.receipts[0].value == {"f1": [0.5, 0.9]}
    assert found.receipts[0].digest is None


def test_a_metadata_value_of_none_is_a_value(catalog: Catalog) -> None:
    made = catalog.publish("t")
    catalog.logged[made.id, "rows"] = None
    assert value(catalog, Metadata("rows", ArtifactReference("t"))) is None


def test_attributes_say_which_version_was_taken(catalog: Catalog) -> None:
    made, model = catalog.publish("t", "raw"), catalog.add_model("m", "production")
    found = {
        name: value(catalog, Attribute(name, ArtifactReference("t")))
        for name in ("version", "digest", "uri", "id", "name")
    }
    assert found == {
        "version": "raw",
        "digest": made.digest,
        "uri": "lateen://artifacts/t/1",
        "id": made.id,
        "name": "t",
    }
    found = {
        name: value(catalog, Attribute(name, PRODUCTION))
        for name in ("version", "number", "stage", "uri", "id", "name")
    }
    assert found == {
        "version": "1",
        "number": 1,
        "stage": "production",
        "uri": "lateen://models/m/1",
        "id": model.id,
        "name": "m",
    }


def test_containers_are_resolved_item_by_item_with_the_place_on_each_receipt(
    catalog: Catalog,
) -> None:
    made = catalog.publish("t")
    source = Items(
        (
            ArtifactReference("t"),
            Entries((("a", Value(1)), ("b", Items((ArtifactReference("t"),), "tuple")))),
        )
    )
    found = resolved(catalog, source)
    inner = EntriesInput({"a": PlainInput(1), "b": ItemsInput((ArtifactInput(made),), "tuple")})
    assert found.inputs == {"x": ItemsInput((ArtifactInput(made), inner), "list")}
    assert [receipt.path for receipt in found.receipts] == ["0", "1.a", "1.b.0"]


# What matches nothing:


def test_a_missing_artifact_is_answered_with_the_nearest_name(catalog: Catalog) -> None:
    catalog.publish("scaler")
    told = missing(catalog, ArtifactReference("scalar"))
    assert told.startswith("input 'x': there is no artifact 'scalar'")
    assert told.endswith("did you mean 'scaler'?")


def test_a_missing_version_is_answered_with_those_that_there_are(catalog: Catalog) -> None:
    catalog.publish("scaler", "raw")
    catalog.publish("scaler")
    told = missing(catalog, ArtifactReference("scaler", "9"))
    assert told == "input 'x': there is no 'scaler' version 9; there is '2', 'raw'"


def test_nothing_is_proposed_where_there_is_nothing(catalog: Catalog) -> None:
    told = missing(catalog, ArtifactReference("scaler"))
    assert told == "input 'x': there is no artifact 'scaler'"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (ArtifactReference(id="abcd"), "there is no artifact version abcd"),
        (
            ArtifactReference(digest="sha256:0"),
            "there is no artifact version sha256:0; where a caller brought it, submit the pipeline"
            " again: what is brought is kept for a day, and from then on for the runs that were"
            " accepted",
        ),
        (StepOutput("load", "iris"), "there is no 'iris' of the step 'load'"),
    ],
)
def test_what_has_no_name_is_named_by_what_it_has(
    catalog: Catalog, source: Source, words: str
) -> None:
    assert missing(catalog, source) == f"input 'x': {words}"


def test_a_pipeline_that_never_ran_is_answered_with_those_that_did(catalog: Catalog) -> None:
    catalog.runs["training", "latest"] = "run-9"
    told = missing(catalog, RunOutput("trainig", "latest", "s", "o"))
    assert told.startswith("input 'x': there is no pipeline 'trainig'")
    assert told.endswith("did you mean 'training'?")


def test_an_output_that_a_past_run_did_not_make_is_missing(catalog: Catalog) -> None:
    catalog.runs["q", "latest"] = "run-9"
    told = missing(catalog, RunOutput("q", "latest", "s", "o"))
    assert "there is no 'o' of the step 's' of the last run of 'q'" in told


def test_an_empty_stage_is_answered_with_the_versions_that_there_are(catalog: Catalog) -> None:
    catalog.add_model("m")
    told = missing(catalog, ModelArtifact(PRODUCTION, "t"))
    assert told == (
        "input 'x': the model 'm' has no version in production; it has 1; `lateen history m` shows"
        " when its stages changed, `lateen promote m VERSION production` brings one there"
    )


def test_an_unknown_model_is_answered_with_the_nearest(catalog: Catalog) -> None:
    catalog.add_model("iris_classifier")
    told = missing(catalog, ModelArtifact(ModelReference("iris_clasifier", "latest"), "t"))
    assert told == (
        "input 'x': there is no model 'iris_clasifier'; did you mean 'iris_classifier'?"
    )


def test_an_artifact_that_a_model_lacks_is_answered_with_those_it_has(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production")
    catalog.links[model.id] = [catalog.publish("trained_model")]
    told = missing(catalog, ModelArtifact(PRODUCTION, "trained_modle"))
    assert "version 1 of the model 'm' has no artifact 'trained_modle'" in told
    assert told.endswith("did you mean 'trained_model'?")


def test_a_version_of_an_artifact_that_a_model_lacks_is_named(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production")
    catalog.links[model.id] = [catalog.publish("t")]
    assert "has no artifact 't' version 9" in missing(catalog, ModelArtifact(PRODUCTION, "t", "9"))


def test_a_pipeline_without_a_model_is_told_how_to_get_one(catalog: Catalog) -> None:
    told = missing(catalog, ModelArtifact(OWN, "t"))
    assert told.endswith("the pipeline has no model; give it one: @pipeline(model=Model(...))")


def test_the_runs_own_version_is_missing_until_a_step_has_begun(catalog: Catalog) -> None:
    catalog.add_model("m")
    told = missing(catalog, ModelArtifact(OWN, "t"), ModelSpec("m"))
    assert told == "input 'x': the model 'm' has no version of this run yet; it has 1"


@pytest.mark.parametrize("version", ["production", "latest", "7"])
def test_a_steps_model_must_exist_though_no_input_asks_for_it(
    catalog: Catalog, version: str
) -> None:
    assert "there is no model 'm'" in missing(catalog, None, ModelSpec("m", version))
    catalog.add_model("m", run="run-2")
    assert "the model 'm' has no version" in missing(catalog, None, ModelSpec("m", version))


def test_missing_metadata_is_answered_with_the_keys_that_there_are(catalog: Catalog) -> None:
    made = catalog.publish("t")
    catalog.logged[made.id, "MSE"] = 0.5
    told = missing(catalog, Metadata("mse", ArtifactReference("t")))
    assert "'t' in its latest version (version 1) has no metadata 'mse'" in told
    assert "'MSE'" in told


@pytest.mark.parametrize("path", [("recall",), ("f1", "x"), ("f1", 9), (0,)])
def test_a_place_that_metadata_lacks_is_named_with_what_is_there(
    catalog: Catalog, path: tuple[str | int, ...]
) -> None:
    made = catalog.publish("t")
    catalog.logged[made.id, "scores"] = {"f1": [0.9]}
    told = missing(catalog, Metadata("scores", ArtifactReference("t"), path))
    assert f"has nothing at {path[-1]!r}: it is " in told


def test_an_attribute_that_only_the_other_kind_has_is_missing(catalog: Catalog) -> None:
    catalog.publish("t")
    catalog.add_model("m", "production")
    assert "has no stage" in missing(catalog, Attribute("stage", ArtifactReference("t")))
    assert "has no digest" in missing(catalog, Attribute("digest", PRODUCTION))


def test_another_kind_than_was_asked_for_is_no_miss_but_a_mismatch(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production")
    catalog.links[model.id] = [catalog.publish("t", kind="data")]
    source = ModelArtifact(PRODUCTION, "t", kind="model")
    with pytest.raises(KindMismatchError, match="is of the kind 'data', not 'model'"):
        resolved(catalog, Guarded(source, default=None))


# Rules beside a reference:


def test_a_default_stands_where_nothing_matches_and_only_there(catalog: Catalog) -> None:
    source = Guarded(ArtifactReference("d"), default=None)
    found = resolved(catalog, source)
    assert found.inputs == {"x": PlainInput(None)}
    assert found.receipts == (Receipt("x", "", to_json(source), value=None, has_value=True),)
    made = catalog.publish("d")
    assert artifact(catalog, source) == made.id


def test_a_default_also_stands_for_missing_metadata(catalog: Catalog) -> None:
    assert value(catalog, Guarded(Metadata("MSE", PRODUCTION), default=1.5)) == 1.5


def test_without_a_default_a_guarded_reference_is_missing_like_any_other(catalog: Catalog) -> None:
    assert "no artifact 'd'" in missing(catalog, Guarded(ArtifactReference("d"), on_moved="fail"))


def test_a_reference_may_wait_as_long_as_it_says(catalog: Catalog) -> None:
    source = Guarded(ArtifactReference("d"), wait=10)
    with pytest.raises(StillMissingError, match=r"no artifact 'd'; waiting up to 10s for it"):
        resolved(catalog, source, waited=9.9)
    with pytest.raises(MissingReferenceError, match="; waited 10s for it") as ended:
        resolved(catalog, source, waited=10)
    assert not isinstance(ended.value, StillMissingError)
    catalog.publish("d")
    assert resolved(catalog, source, waited=0).receipts[0].became == "1"


def test_a_default_waits_too(catalog: Catalog) -> None:
    source = Guarded(ArtifactReference("d"), default=3, wait=10)
    with pytest.raises(StillMissingError):
        resolved(catalog, source, waited=0)
    assert resolved(catalog, source, waited=10).inputs == {"x": PlainInput(3)}


def test_the_receipt_of_a_reference_with_rules_has_it_as_written(catalog: Catalog) -> None:
    catalog.publish("d")
    source = Guarded(ArtifactReference("d"), default=3, wait=10, on_moved="fail")
    assert resolved(catalog, source).receipts[0].reference == to_json(source)


def test_another_kind_is_neither_waited_for_nor_replaced(catalog: Catalog) -> None:
    version = catalog.add_model("m", "production")
    catalog.links[version.id] = [catalog.publish("d")]
    wanted = ModelArtifact(PRODUCTION, "d", kind="model")
    with pytest.raises(KindMismatchError):
        resolved(catalog, Guarded(wanted, default=3, wait=10), waited=0)


def test_a_past_run_that_lacks_the_output_is_answered_with_what_it_has(catalog: Catalog) -> None:
    catalog.runs["p", "latest"] = "run-9"
    catalog.outputs["run-9", "train", "model"] = catalog.publish("d")
    told = missing(catalog, RunOutput("p", "latest", "train", "modle"))
    assert told == (
        "input 'x': there is no 'modle' of the step 'train' of the last run of 'p'; did you mean"
        " 'train.model'?"
    )


def test_a_pipeline_without_a_fitting_run_says_which_it_wants(catalog: Catalog) -> None:
    catalog.runs["p", "latest"] = "run-9"
    told = missing(catalog, RunOutput("p", "latest-successful", "s", "o"))
    assert told.endswith("the pipeline 'p' has no run that succeeded yet; run it first")


# What was resolved before:


def test_a_pinned_receipt_stands_whatever_has_come_since(catalog: Catalog) -> None:
    first = catalog.publish("d")
    before = resolved(catalog, ArtifactReference("d"))
    catalog.publish("d")
    pinned = {(receipt.input, receipt.path): receipt for receipt in before.receipts}
    again = resolved(catalog, ArtifactReference("d"), pinned=pinned)
    assert again == before
    assert again.inputs == {"x": ArtifactInput(first)}


def test_pinned_receipts_hold_by_place_inside_of_containers(catalog: Catalog) -> None:
    first, second = catalog.publish("d"), catalog.publish("d")
    pinned = {("x", "1"): Receipt("x", "1", {}, first)}
    source = Items((ArtifactReference("d"), ArtifactReference("d")))
    found = resolved(catalog, source, pinned=pinned).inputs["x"]
    assert found == ItemsInput((ArtifactInput(second), ArtifactInput(first)), "list")


def test_a_pinned_value_stays_the_value(catalog: Catalog) -> None:
    model = catalog.add_model("m", "production")
    catalog.logged[model.id, "MSE"] = 1
    before = resolved(catalog, Metadata("MSE", PRODUCTION))
    catalog.logged[model.id, "MSE"] = 2
    pinned = {("x", ""): before.receipts[0]}
    assert resolved(catalog, Metadata("MSE", PRODUCTION), pinned=pinned).inputs == before.inputs


def test_a_pinned_model_stays_the_model_after_a_promotion(catalog: Catalog) -> None:
    first = catalog.add_model("m", "production")
    spec = ModelSpec("m", "production")
    before = resolved(catalog, model=spec)
    catalog.add_model("m", "production")
    again = resolved(catalog, model=spec, pinned={("", ""): before.receipts[0]})
    assert again.model == first
    assert again.receipts == before.receipts


def test_values_and_parameters_are_never_taken_from_a_pin(catalog: Catalog) -> None:
    pinned = {("x", ""): Receipt("x", "", {}, value=1, has_value=True)}
    assert resolved(catalog, Parameter("n"), pinned=pinned, n=2).inputs == {"x": PlainInput(2)}


# One look-up by itself:


@pytest.mark.parametrize(
    ("source", "became"),
    [
        (ArtifactReference("t"), "1"),
        (PRODUCTION, "1"),
        (ModelArtifact(PRODUCTION, "t"), "1"),
    ],
)
def test_a_read_in_a_steps_body_finds_the_same_and_has_no_input(
    catalog: Catalog, source: Subject, became: str
) -> None:
    model = catalog.add_model("m", "production")
    catalog.links[model.id] = [catalog.publish("t")]
    receipt = look_up(source, RUN, None, catalog)
    assert (receipt.input, receipt.became) == ("", became)
    assert receipt.reference == to_json(source)


def test_a_read_that_finds_nothing_says_so_without_naming_an_input(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match=r"^there is no artifact 'd'$"):
        look_up(ArtifactReference("d"), RUN, None, catalog)


@pytest.mark.parametrize(
    ("version", "makes"),
    [(None, True), ("1.0", True), ("production", False), ("latest", False), ("7", False)],
)
def test_a_run_makes_a_version_where_none_is_named_or_a_new_name_is(
    version: str | None, makes: bool
) -> None:
    assert needs_own_version(ModelSpec("m", version)) is makes
    assert not needs_own_version(None)
