"""What references would become now: everything that is missing shows at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lateen.cli.output import table
from lateen.cli.preview import preview
from lateen.cli.render_preview import preview_columns, warnings
from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.references import (
    ArtifactReference,
    Entries,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Parameter,
    Source,
    StepOutput,
    Value,
)
from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec

RAW = ArtifactVersion("a1", "raw", 3, None, "sha256:1", "data")
IRIS = ModelVersion("m1", "iris", 6, None, "production", "ready")


class Snapshot:
    """A catalog with one artifact and one model."""

    def artifact(self, name: str, version: str) -> ArtifactVersion | None:
        return RAW if name == "raw" and version in ("latest", "3") else None

    def artifact_by_id(self, prefix: str) -> ArtifactVersion | None:
        return None

    def artifact_by_digest(self, digest: str) -> ArtifactVersion | None:
        return None

    def step_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        raise AssertionError("what the run makes itself is not asked for")

    def run_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        return None

    def selected_run(self, pipeline: str, select: str, asking: str) -> str | None:
        return None

    def model(self, name: str, version: str, run: str | None) -> ModelVersion | None:
        return IRIS if name == "iris" and version in ("production", "6", "latest") else None

    def own_model(self, name: str, run: str) -> ModelVersion | None:
        return None

    def linked(
        self, model_version: str, artifact: str, version: str | None
    ) -> ArtifactVersion | None:
        return RAW if artifact == "raw" else None

    def metadata(self, subject: ArtifactVersion | ModelVersion, key: str) -> list[Any]:
        return [0.25] if key == "MSE" else []

    def known(self, what: str, of: str = "") -> Iterable[str]:
        return {"artifacts": ["raw"], "models": ["iris"]}.get(what, ())


def previewed(model: ModelSpec | None = None, **inputs: Source) -> dict[str, Any]:
    step = StepSpec("predict-all", "predict_all", inputs, entrypoint="m:f")
    found = preview(PipelineSpec("p", (step,), model=model), Snapshot())
    return {item["input"] + item["path"]: item for item in found}


def test_a_reference_shows_the_version_that_it_is_now() -> None:
    found = previewed(data=ArtifactReference("raw"))["data"]
    assert found["artifact"] == {"id": "a1", "name": "raw", "version": "3"}
    assert (found["step"], found["became"], found["problem"]) == ("predict_all", "3", None)


def test_what_needs_no_catalog_is_left_out() -> None:
    assert not previewed(a=Value(1), b=Parameter("n"), c=StepOutput("load", "output"))


def test_all_that_is_missing_shows_and_the_rest_is_found() -> None:
    found = previewed(
        ModelSpec("iris", "staging"),
        own=ModelArtifact(ModelReference(), "raw"),
        other=ArtifactReference("rwa"),
        fine=ArtifactReference("raw"),
    )
    assert "has no version in staging" in found[""]["problem"] or "iris" in found[""]["problem"]
    assert found["own"]["problem"]
    assert "did you mean 'raw'?" in found["other"]["problem"]
    assert found["fine"]["problem"] is None


def test_references_inside_containers_have_their_places() -> None:
    inner = Entries((("k", ArtifactReference("raw")),))
    found = previewed(xs=Items((Value(1), ArtifactReference("raw", "9"), inner)))
    assert sorted(found) == ["xs1", "xs2.k"]


def test_the_own_version_that_a_run_makes_is_not_missing() -> None:
    found = previewed(ModelSpec("iris"), own=Metadata("MSE", ModelReference()))
    assert not found


def test_the_table_and_the_warnings_name_each_problem() -> None:
    found = list(
        previewed(
            ModelSpec("iris", "production"),
            mse=Metadata("MSE", ModelReference()),
            gone=ArtifactReference("gone"),
        ).values()
    )
    rows = table(found, preview_columns()).rows
    assert ["predict_all", "(model)", "the model 'iris' in production", "iris@6", ""] in rows
    assert ["predict_all", "mse", "metadata 'MSE' of the pipeline's model", "0.25", ""] in rows
    (warning,) = warnings([*found, *found])
    assert warning.startswith("warning: the step 'predict_all' would fail now: ")


def test_a_warning_tells_whether_the_step_would_wait() -> None:
    missing = {"artifact": {"name": "raw", "version": "latest"}, "wait": "10s"}
    item = {"step": "load", "input": "x", "path": "", "reference": missing, "problem": "no 'raw'"}
    assert list(warnings([item])) == ["warning: the step 'load' would wait now: no 'raw'"]
