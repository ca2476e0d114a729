from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.receipt_words import became_words, inputs_text, reference_words
from lateen.domain.receipts import Receipt
from lateen.domain.references import (
    DETAILS,
    ArtifactReference,
    Attribute,
    Guarded,
    Metadata,
    ModelReference,
    RunOutput,
    to_json,
)

ARTIFACT = {"id": "4f0c", "name": "iris", "version": "3"}
PRODUCTION = ModelReference("m", "production")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (ArtifactReference("d"), "'d' in its latest version"),
        (RunOutput("p", "latest", "s", "o"), "'o' of the step 's' of the last run of 'p'"),
        (RunOutput("p", "4f", "s", "o"), "'o' of the step 's' of the run 4f of 'p'"),
        (Guarded(ArtifactReference("d"), None), "'d' in its latest version (else None)"),
        (
            Guarded(Metadata("MSE", PRODUCTION), 0.5, 90, "fail"),
            "metadata 'MSE' of the model 'm' in production"
            " (waits up to 1m30s, else 0.5, must not move)",
        ),
        (Attribute(DETAILS, PRODUCTION), "metadata and stage of the model 'm' in production"),
        (Attribute(DETAILS, ArtifactReference(id="4f0c")), "metadata of 'iris' version 3"),
        (ArtifactReference(id="4f0c"), "'iris' version 3"),
    ],
)
def test_a_reference_is_told_as_it_was_written(source: Any, words: str) -> None:
    assert reference_words(to_json(source), ARTIFACT) == words


def test_a_reference_of_a_newer_version_is_shown_as_it_is() -> None:
    assert reference_words({"query": {"a": 1}}, None) == '{"query":{"a":1}}'
    assert reference_words({"artifact": {"id": "4f0c"}}, None) == "the artifact version 4f0c"


@pytest.mark.parametrize(
    ("receipt", "words"),
    [
        ({"has_value": False}, "3"),
        ({"has_value": True, "reference": {}, "value": "x"}, "'x'"),
        (
            {
                "has_value": True,
                "reference": {"attribute": "details"},
                "value": {
                    "metadata": {"MSE": 0.5, "rows": [1]},
                    "stage": "none",
                    "status": "ready",
                },
            },
            "none, MSE=0.5 rows=[1]",
        ),
        (
            {"has_value": True, "reference": {"attribute": "details"}, "value": {"metadata": {}}},
            "no metadata",
        ),
    ],
)
def test_what_a_reference_became_is_a_version_or_a_value(receipt: Any, words: str) -> None:
    assert became_words(receipt, ARTIFACT) == words


def test_what_is_gone_has_no_words() -> None:
    assert became_words({"has_value": False}, None) == ""


SLOWED = ArtifactVersion("id", "slowed", 1, None, "sha256:0", "data")
IN_PRODUCTION = ModelVersion("id", "iris", 7, "1.0", "production", "ready")


def became(name: str, path: str = "", **fields: Any) -> Receipt:
    return Receipt(name, path, {}, **fields)


@pytest.mark.parametrize(
    ("receipts", "text"),
    [
        ([became("n", artifact=SLOWED)], "n=slowed@1"),
        ([became("n", value=25, has_value=True)], "n=25"),
        ([became("n", artifact=SLOWED, value=0.123456, has_value=True)], "n=0.1235"),
        ([became("m", model=IN_PRODUCTION)], "m=iris@1.0"),
        ([became("xs", "0", artifact=SLOWED), became("k", value="a", has_value=True)],
         "xs.0=slowed@1 k='a'"),
        ([became("", artifact=SLOWED), became("n", value="x" * 99, has_value=True)],
         f"n='{'x' * 38}…"),
        ([became("n", artifact=replace(SLOWED, name=f"{'p' * 80}::fit::output"))],
         f"n=…{'p' * 24}::fit::output@1"),
    ],
)  # fmt: skip
def test_the_inputs_of_a_step_are_versions_by_name_and_plain_values(
    receipts: list[Receipt], text: str
) -> None:
    assert inputs_text(receipts) == text
