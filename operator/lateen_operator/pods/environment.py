"""The environment variables of a Pod's containers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.step import variables
from lateen.step.entrypoints import chosen_materializers
from lateen.step.variables import POD_WORK
from lateen_operator.pods.settings import PodSettings, RunIdentity

Json = dict[str, Any]

_PATHS = {variables.WORK: variables.WORK_MOUNT, variables.GIVEN: variables.GIVEN_MOUNT}
_TEMPORARY = "/tmp"


def literal(text: str) -> str:
    """A text that Kubernetes leaves as it is: it replaces ``$(NAME)``, and ``$$`` by ``$``."""
    return text.replace("$", "$$")


def _listed(values: Mapping[str, object]) -> list[Json]:
    return [{"name": name, "value": literal(str(value))} for name, value in values.items()]


def own_environment(
    run: RunIdentity, image: str, step: StepSpec, n: int, settings: PodSettings, waited: float
) -> list[Json]:
    """Of the containers that hold the store's credentials."""
    values: dict[str, object] = {
        variables.RUN: run.uid,
        variables.STEP: step.name,
        variables.ATTEMPT: n,
        **_PATHS,
        variables.IMAGE: image,
        variables.GRACE: f"{settings.grace:g}",
        variables.WAITED: f"{waited:.3f}",
        "HOME": _TEMPORARY,
        "TMPDIR": _TEMPORARY,
    }
    if step.tolerate_oom:
        values[variables.TOLERATE_OOM] = 1
    # The holder comes from the Pod itself: its UID is not known before it is there.
    uid = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}
    return [*_listed(values), {"name": variables.HOLDER, "valueFrom": uid}]


def step_environment(spec: PipelineSpec, step: StepSpec, further: Iterable[Json]) -> list[Json]:
    """Of the step's container: what a step may change, then ``further``, the step's own, ours."""
    layers = (_listed(_folders()), list(further), _listed(step.env), _listed(_fixed(spec, step)))
    return list({item["name"]: item for layer in layers for item in layer}.values())


def _folders() -> dict[str, object]:
    return {
        "HOME": POD_WORK.home,
        "TMPDIR": POD_WORK.temporary,
        "XDG_CACHE_HOME": POD_WORK.cache,
        "MPLCONFIGDIR": POD_WORK.cache,
    }


def _fixed(spec: PipelineSpec, step: StepSpec) -> dict[str, object]:
    values: dict[str, object] = {
        **_PATHS,
        variables.SOCKET: POD_WORK.socket,
        variables.INPUTS: POD_WORK.inputs,
        variables.OUTPUTS: POD_WORK.outputs,
    }
    if step.entrypoint is None:
        return values
    # Our copy goes before one in the image, and the pipeline's own code before the step's path.
    code = [POD_WORK.code, *(POD_WORK.code / folder for folder in spec.code_path)]
    path = [POD_WORK.runtime, *code, step.env.get("PYTHONPATH", "")]
    return {
        **values,
        variables.ENTRYPOINT: step.entrypoint,
        variables.MATERIALIZERS: json.dumps(chosen_materializers(step), sort_keys=True),
        variables.RESCUES: POD_WORK.rescues,
        "PYTHONPATH": ":".join(str(place) for place in path if place),
    }
