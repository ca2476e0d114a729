"""A snapshot of a small catalog, held in dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.artifacts import ArtifactVersion, ModelVersion
from lateen.domain.canonical import digest_of
from lateen.domain.names import LATEST
from lateen.domain.states import ModelStages

STAGES = [stage.value for stage in ModelStages]


@dataclass
class Catalog:
    """What there is; answers as the Lookups of one snapshot."""

    artifacts: list[ArtifactVersion] = field(default_factory=list)
    models: list[ModelVersion] = field(default_factory=list)
    outputs: dict[tuple[str, str, str], ArtifactVersion] = field(default_factory=dict)
    """By run, step and output."""
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    """By pipeline and how it is selected."""
    links: dict[str, list[ArtifactVersion]] = field(default_factory=dict)
    """By model version, the one that counts last."""
    logged: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By id and key."""

    def publish(
        self, name: str, version_name: str | None = None, kind: str = "data"
    ) -> ArtifactVersion:
        """The next version of an artifact."""
        number = 1 + sum(version.name == name for version in self.artifacts)
        made = ArtifactVersion(
            f"{name}-{number}-id",
            name,
            number,
            version_name,
            digest_of([name, number]),
            kind,
        )
        self.artifacts.append(made)
        return made

    def add_model(
        self,
        name: str,
        stage: str = "none",
        run: str | None = None,
        stage_event: int | None = None,
        version_name: str | None = None,
    ) -> ModelVersion:
        """The next version of a model."""
        number = 1 + sum(version.name == name for version in self.models)
        status = "open" if run else "ready"
        made = ModelVersion(
            f"{name}-{number}-id", name, number, version_name, stage, status, stage_event, run
        )
        self.models.append(made)
        return made

    def artifact(self, name: str, version: str) -> ArtifactVersion | None:
        found = [each for each in self.artifacts if each.name == name]
        if version != LATEST:
            found = [e for e in found if version in (str(e.number), e.version_name)]
        return found[-1] if found else None

    def artifact_by_id(self, prefix: str) -> ArtifactVersion | None:
        return next((each for each in self.artifacts if each.id.startswith(prefix)), None)

    def artifact_by_digest(self, digest: str) -> ArtifactVersion | None:
        return next((each for each in self.artifacts if each.digest == digest), None)

    def step_output(self, run: str, step: str, output: str) -> ArtifactVersion | None:
        return self.outputs.get((run, step, output))

    run_output = step_output

    def selected_run(self, pipeline: str, select: str, asking: str) -> str | None:
        return self.runs.get((pipeline, select))

    def model(self, name: str, version: str, run: str | None) -> ModelVersion | None:
        found = [each for each in self.models if each.name == name]
        if version == LATEST:
            found = [e for e in found if e.status == "ready" or e.run == run]
        elif version in STAGES:
            found = [each for each in found if each.stage == version]
        else:
            found = [e for e in found if version in (str(e.number), e.version_name)]
        return found[-1] if found else None

    def own_model(self, name: str, run: str) -> ModelVersion | None:
        found = [each for each in self.models if (each.name, each.run) == (name, run)]
        return found[0] if found else None

    def linked(
        self, model_version: str, artifact: str, version: str | None
    ) -> ArtifactVersion | None:
        found = [each for each in self.links.get(model_version, []) if each.name == artifact]
        if version is not None:
            found = [e for e in found if version in (str(e.number), e.version_name)]
        return found[-1] if found else None

    def metadata(self, subject: ArtifactVersion | ModelVersion, key: str) -> list[Any]:
        return [self.logged[subject.id, key]] if (subject.id, key) in self.logged else []

    def known(self, what: str, of: str = "") -> Iterable[str]:
        match what:
            case "artifacts":
                return {version.name for version in self.artifacts}
            case "artifact-versions":
                return [each.version for each in self.artifacts if each.name == of]
            case "models":
                return {version.name for version in self.models}
            case "model-versions":
                return [each.version for each in self.models if each.name == of]
            case "linked":
                return {version.name for version in self.links.get(of, [])}
            case "metadata":
                return [key for subject, key in self.logged if subject == of]
            case "run-outputs":
                return [f"{step}.{output}" for run, step, output in self.outputs if run == of]
            case "pipelines":
                return {pipeline for pipeline, _ in self.runs}
        raise AssertionError(what)
