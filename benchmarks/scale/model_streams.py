"""Models and their versions, with stages, links and a metadata value each."""

from collections.abc import Iterator

from benchmarks.scale.artifact_streams import KEY
from benchmarks.scale.shape import (
    LINKS_OF_MODEL_VERSION,
    PRODUCTION,
    STAGING,
    VERSIONS_OF_MODEL,
    Shape,
    model_name,
)
from benchmarks.scale.stream import Stream, text_id


def _models(shape: Shape) -> Iterator[str]:
    for model in range(shape.models):
        yield f"{text_id('model', model)}\t{model_name(model)}\t{VERSIONS_OF_MODEL + 1}\n"


def _model_versions(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        # No run has made two versions of a model.
        run = text_id("run", (turn * (shape.runs // VERSIONS_OF_MODEL) + model) % shape.runs)
        made = f"{text_id('model version', version)}\t{text_id('model', model)}\t{turn + 1}"
        yield f"{made}\t{run}\n"


def _model_version_states(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        place = f"{text_id('model version', version)}\t{text_id('model', model)}\t{turn + 1}"
        yield f"{place}\t{_stage(turn + 1)}\t{version + 1}\n"


def _metadata(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        yield f"{text_id('model version', version)}\t{KEY}\t{version}\n"


def _stage_events(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        turn, model = divmod(version, shape.models)
        place = f"{text_id('model', model)}\t{text_id('model version', version)}"
        yield f"{place}\tnone\t{_stage(turn + 1)}\tsomebody\n"


def _model_links(shape: Shape) -> Iterator[str]:
    for version in range(shape.model_versions):
        for link in range(LINKS_OF_MODEL_VERSION):
            linked = shape.linked_version(version, link)
            number, artifact = divmod(linked, shape.artifacts)
            yield (
                f"{text_id('model version', version)}\t{text_id('version', linked)}"
                f"\t{text_id('artifact', artifact)}\t{number + 1}\ttrue\n"
            )


def _stage(number: int) -> str:
    return {PRODUCTION: "production", STAGING: "staging", VERSIONS_OF_MODEL: "none"}.get(
        number, "archived"
    )


STREAMS = (
    Stream("models", "id, name, next_version", _models),
    Stream("model_versions", "id, model_id, number, run_id", _model_versions),
    Stream(
        "model_version_states",
        "model_version_id, model_id, number, stage, stage_event",
        _model_version_states,
    ),
    Stream("metadata", "model_version_id, key, value", _metadata),
    Stream("stage_events", "model_id, model_version_id, from_stage, to_stage, by", _stage_events),
    Stream(
        "model_links",
        "model_version_id, artifact_version_id, artifact_id, number, by_producer",
        _model_links,
    ),
)
