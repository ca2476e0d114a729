"""Metadata logged on whatever the call says: the running step, or something that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from lateen.client.context import StepContext, get_step_context, in_step
from lateen.client.metadata import checked_metadata
from lateen.client.transport import current
from lateen.domain.errors import StepContextError, UserError
from lateen.domain.names import version_text

Target = dict[str, Any]


def log_metadata(  # noqa: PLR0913 - the arguments of ZenML's
    metadata: Mapping[str, Any],
    *,
    step_name: str | None = None,
    run_id_name_or_prefix: str | UUID | None = None,
    artifact_version_id: str | UUID | None = None,
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
    infer_artifact: bool = False,
    model_version_id: str | UUID | None = None,
    model_name: str | None = None,
    model_version: str | int | None = None,
    infer_model: bool = False,
) -> None:
    """Log metadata on the running step, or on the step, run, artifact or model that is named.

    ``infer_artifact`` is the step's own output (``artifact_name`` says which one of several),
    ``infer_model`` the step's own model version. On the step and its outputs it is committed with
    the step, on anything else at once. Raises TypeMismatchError for values that are not JSON,
    StepContextError where a running step is needed.
    """
    wanted = {
        "step_name": step_name,
        "run_id_name_or_prefix": run_id_name_or_prefix,
        "artifact_version_id": artifact_version_id,
        "artifact_name": artifact_name,
        "artifact_version": artifact_version,
        "infer_artifact": infer_artifact or None,
        "model_version_id": model_version_id,
        "model_name": model_name,
        "model_version": model_version,
        "infer_model": infer_model or None,
    }
    _log(metadata, **{name: given for name, given in wanted.items() if given is not None})


def log_step_metadata(
    metadata: Mapping[str, Any],
    step_name: str | None = None,
    run_id: str | UUID | None = None,
) -> None:
    """Log metadata on the running step, or on a step of a run."""
    log_metadata(metadata, step_name=step_name, run_id_name_or_prefix=run_id)


def log_artifact_metadata(
    metadata: Mapping[str, Any],
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
) -> None:
    """Log metadata on an output of the running step, or else on a version of an artifact."""
    own = in_step() and artifact_name in (None, *get_step_context().output_names)
    log_metadata(
        metadata,
        artifact_name=artifact_name,
        artifact_version=artifact_version,
        infer_artifact=artifact_name is None or (own and artifact_version is None),
    )


def log_model_metadata(
    metadata: Mapping[str, Any],
    model_name: str | None = None,
    model_version: str | int | None = None,
) -> None:
    """Log metadata on the running step's model version, or on the one that is named."""
    log_metadata(
        metadata,
        model_name=model_name,
        model_version=model_version,
        infer_model=model_name is None,
    )


def _log(metadata: Mapping[str, Any], **wanted: Any) -> None:
    checked = checked_metadata(metadata)
    current().call("log_metadata", metadata=checked, target=_target(wanted))


def _target(wanted: Mapping[str, Any]) -> Target:
    """What the metadata is logged on, as the wire protocol says it."""
    target = _TARGETS.get(frozenset(wanted))
    if target is None:
        raise UserError(
            f"log_metadata: {' and '.join(sorted(wanted))} do not name one thing together; take"
            f" one of {'; '.join(' with '.join(sorted(names)) for names in _TARGETS if names)}"
        )
    return target(**wanted)


def _running(what: str) -> StepContext:
    if in_step():
        return get_step_context()
    raise StepContextError(
        f"log_metadata: {what} is meant, and no step runs in this process; name what the metadata"
        " is for: artifact_name=, model_name= or run_id_name_or_prefix="
    )


def _step() -> Target:
    _running("the running step")
    return {"step": True}


def _step_of_this_run(step_name: str) -> Target:
    return {"run": _running(f"the step {step_name!r} of the same run").run.id, "step": step_name}


def _step_of_run(step_name: str, run_id_name_or_prefix: object) -> Target:
    return {"run": str(run_id_name_or_prefix), "step": step_name}


def _run(run_id_name_or_prefix: object) -> Target:
    return {"run": str(run_id_name_or_prefix)}


def _output(infer_artifact: bool, artifact_name: str | None = None) -> Target:  # noqa: ARG001
    return {"output": _running("an output of the running step").output_key(artifact_name)}


def _artifact_by_id(artifact_version_id: object) -> Target:
    return {"artifact_version": str(artifact_version_id)}


def _artifact(artifact_name: str, artifact_version: object = None) -> Target:
    return {"artifact": artifact_name, "version": _text(artifact_version)}


def _own_model(infer_model: bool) -> Target:  # noqa: ARG001
    _running("the running step's model")
    return {"own_model": True}


def _model_by_id(model_version_id: object) -> Target:
    return {"model_version": str(model_version_id)}


def _model(model_name: str, model_version: object = None) -> Target:
    return {"model": model_name, "version": _text(model_version)}


def _text(version: object) -> str | None:
    return None if version is None else version_text(version)


_TARGETS: Mapping[frozenset[str], Callable[..., Target]] = {
    frozenset(): _step,
    frozenset({"step_name"}): _step_of_this_run,
    frozenset({"step_name", "run_id_name_or_prefix"}): _step_of_run,
    frozenset({"run_id_name_or_prefix"}): _run,
    frozenset({"infer_artifact"}): _output,
    frozenset({"infer_artifact", "artifact_name"}): _output,
    frozenset({"artifact_version_id"}): _artifact_by_id,
    frozenset({"artifact_name"}): _artifact,
    frozenset({"artifact_name", "artifact_version"}): _artifact,
    frozenset({"infer_model"}): _own_model,
    frozenset({"model_version_id"}): _model_by_id,
    frozenset({"model_name"}): _model,
    frozenset({"model_name", "model_version"}): _model,
}
