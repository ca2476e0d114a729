"""Look-ups: references in a pipeline's body, views of what is there now everywhere else."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack, cast
from uuid import UUID

from lateen.authoring import late
from lateen.authoring.composition import composing
from lateen.authoring.location import caller
from lateen.authoring.rules import RuleOptions, WaitOptions, only_late, rules, shared_rules
from lateen.client.deletion import delete, prune
from lateen.client.stack import Stack
from lateen.client.transport import current
from lateen.client.views.artifact import ArtifactView, artifact_versions
from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.model import ModelView, model_versions
from lateen.client.views.model_version import ModelVersionView
from lateen.client.views.pipeline import PipelineView
from lateen.client.views.run import RunView
from lateen.client.views.runs import Runs
from lateen.domain.errors import CompileError, NotFoundError
from lateen.domain.moments import Moment
from lateen.domain.names import LATEST, did_you_mean, version_text
from lateen.domain.states import ModelStages


class Client:
    """Looks up artifacts, models and runs.

    In a pipeline's body a look-up gives a reference, resolved when a step that takes it starts;
    ``Client(late=False)`` looks at once there too. Which of the two is decided at each call.
    Look-ups raise NotFoundError, naming the nearest, for what does not exist.
    """

    def __init__(self, late: bool | None = None) -> None:
        self._late = late

    def get_artifact_version(
        self,
        name_id_or_prefix: str | UUID,
        version: str | int | None = None,
        fresh: bool = False,
        **given: Unpack[RuleOptions],
    ) -> ArtifactVersionView:
        """An artifact's version, the latest where none is given; or one by (a prefix of) its id.

        In a step, what was bound by an earlier look-up stays bound; ``fresh`` looks again. In a
        body, ``wait`` lets the step wait for what does not exist yet, ``default`` is a JSON value
        to use where nothing matches, and ``on_moved="fail"`` fails the step where the reference
        means another version by the time of its commit.
        """
        name, number = str(name_id_or_prefix), _text(version)
        if self._is_late():
            return cast(ArtifactVersionView, late.artifact_version(name, number, rules(**given)))
        only_late(given)
        found = current().call("artifact_version", name=name, version=number, fresh=fresh)
        return ArtifactVersionView(found)

    def list_artifact_versions(self, name: str) -> list[ArtifactVersionView]:
        """All versions of an artifact, in the order of their numbers."""
        self._only_now("list_artifact_versions")
        return artifact_versions(name)

    def list_artifacts(self) -> list[ArtifactView]:
        """All artifacts."""
        self._only_now("list_artifacts")
        return [ArtifactView(item) for item in current().call("artifacts")]

    def get_model_version(
        self,
        name: str,
        version: str | int | ModelStages | None = None,
        fresh: bool = False,
        as_of: datetime | str | int | None = None,
        **given: Unpack[WaitOptions],
    ) -> ModelVersionView:
        """A model's version by stage, number or name, the latest where none is given.

        In a step, what was bound by an earlier look-up stays bound; ``fresh`` looks again. With
        ``as_of``, the version that held staging or production at a time, when a run (by name or id)
        started, or right after a stage event (by id); the view shows that version as it is now.
        In a body, ``wait`` and ``on_moved`` go for all that is taken of the version.
        """
        wanted = _text(version)
        if self._is_late():
            _check_late(as_of)
            shared = shared_rules("a model version", given)
            return cast(ModelVersionView, late.model_version(name, wanted or LATEST, shared))
        only_late(given)
        moment = None if as_of is None else Moment.of(as_of).to_json()
        found = current().call(
            "model_version", name=name, version=wanted, fresh=fresh, as_of=moment
        )
        return ModelVersionView(found)

    def list_model_versions(self, name: str) -> list[ModelVersionView]:
        """All versions of a model, in the order of their numbers."""
        self._only_now("list_model_versions")
        return model_versions(name)

    def get_model(self, name: str) -> ModelView:
        """A model, over all of its versions."""
        self._only_now("get_model")
        models = {model.name: model for model in self.list_models()}
        if name not in models:
            raise NotFoundError(f"there is no model {name!r}{did_you_mean(name, models)}")
        return models[name]

    def list_models(self) -> list[ModelView]:
        """All models."""
        self._only_now("list_models")
        return [ModelView(item) for item in current().call("models")]

    def get_pipeline(self, name: str, **given: Unpack[WaitOptions]) -> PipelineView:
        """A pipeline, over all of its runs.

        In a body, ``wait`` and ``on_moved`` go for all that is taken of its runs.
        """
        if self._is_late():
            return cast(PipelineView, late.pipeline(name, shared_rules("a pipeline", given)))
        only_late(given)
        return PipelineView(current().call("pipeline", name=name))

    def list_pipelines(self) -> list[PipelineView]:
        """All pipelines that ever ran."""
        self._only_now("list_pipelines")
        return [PipelineView(item) for item in current().call("pipelines")]

    def get_pipeline_run(self, name_id_or_prefix: str | UUID) -> RunView:
        """A run by its name, its id, or a unique prefix of that."""
        self._only_now("get_pipeline_run")
        return RunView(current().call("run", name=str(name_id_or_prefix)))

    def list_pipeline_runs(self) -> Runs:
        """All runs in order of time, the newest last."""
        self._only_now("list_pipeline_runs")
        return Runs(RunView(item) for item in current().call("runs"))

    def delete_artifact_version(
        self,
        name_id_or_prefix: str | UUID,
        version: str | int | None = None,
    ) -> None:
        """Deletes a version of an artifact, or the latest; its bytes go with the next collection.

        Raises StillNeededError, which tells by what, where anything needs it.
        """
        self._only_now("delete_artifact_version")
        found = self.get_artifact_version(name_id_or_prefix, version)
        delete("artifact", found.name, found.number)

    def delete_model_version(self, model_version_id: str | UUID) -> None:
        """Deletes a version of a model by its id. Raises StillNeededError, which tells by what."""
        self._only_now("delete_model_version")
        found = current().call("details", model_version=str(model_version_id))
        delete("model", found["name"], found["number"])

    def prune_artifacts(
        self,
        only_versions: bool = True,  # noqa: ARG002
        delete_from_artifact_store: bool = False,
    ) -> None:
        """Deletes the artifact versions that nothing needs, and their bytes where that is asked.

        Without it the bytes go with the next collection. Names stay, as the numbers of later
        versions go on from theirs; ``only_versions`` is there for those who come from ZenML.
        """
        self._only_now("prune_artifacts")
        prune(records_alone=not delete_from_artifact_store)

    @property
    def active_stack(self) -> Stack:
        """Where artifacts are kept."""
        return Stack()

    def _is_late(self) -> bool:
        return self._late is not False and composing() is not None

    def _only_now(self, method: str) -> None:
        if self._is_late():
            raise CompileError(
                f"{method} cannot wait until a step starts: it has no late form; look at once, with"
                f" Client(late=False).{method}(...), or look in a step",
                caller(),
            )


def _check_late(as_of: object) -> None:
    if as_of is not None:
        raise CompileError(
            "as_of looks back, and a reference is resolved when its step starts; look at once, with"
            " Client(late=False).get_model_version(...), or look in a step",
            caller(),
        )


def _text(version: str | int | None) -> str | None:
    return None if version is None else version_text(version)
