"""The Pod of an attempt, as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lateen.domain.errors import UserError
from lateen.domain.names import dns_name
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen_operator.pods import names
from lateen_operator.pods.containers import publish_container, resolve_container, step_container
from lateen_operator.pods.environment import own_environment, step_environment
from lateen_operator.pods.settings import PodSettings, RunIdentity
from lateen_operator.pods.template import Template

Json = dict[str, Any]

_UNREACHABLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def build_pod(
    run: RunIdentity,
    spec: PipelineSpec,
    step: StepSpec,
    n: int,
    settings: PodSettings,
    waited: float = 0.0,
) -> Json:
    """The Pod of an attempt of a step.

    ``waited`` counts the seconds for which the step has waited for what its references may wait
    for. Raises UserError for a step without an image, and for a podTemplate that is refused.
    """
    template = Template.of(step.pod_template, settings.allowed_labels)
    image = image_of(spec, step)
    ours = own_environment(run, image, step, n, settings, waited)
    environment = step_environment(spec, step, template.container.get("env", ()))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(run, spec, step, n, template),
        "spec": {
            **template.pod,
            **_constant(settings, template),
            "tolerations": _tolerations(template, settings),
            "initContainers": [resolve_container(ours, settings)],
            # They are started one after the other, and the step waits for publish to let it begin.
            "containers": [
                publish_container(ours, settings),
                step_container(step, image, environment, template),
            ],
            "volumes": [*_own_volumes(step), *template.volumes],
        },
    }


def image_of(spec: PipelineSpec, step: StepSpec) -> str:
    """The image of a step's container; UserError where there is none."""
    image = step.image or spec.image
    if image is None:
        raise UserError(f"the step {step.name!r} has no image, and its pipeline has none")
    return image


def _metadata(
    run: RunIdentity, spec: PipelineSpec, step: StepSpec, n: int, template: Template
) -> Json:
    labels = {
        names.MANAGED_BY: "lateen",
        names.RUN_LABEL: names.label_value(run.name),
        names.RUN_UID_LABEL: run.uid,
        names.STEP_LABEL: step.name,
        names.ATTEMPT_LABEL: str(n),
        names.PIPELINE_LABEL: names.label_value(dns_name(spec.name)),
    }
    owner = {
        "apiVersion": "lateen.dev/v1alpha1",
        "kind": "Run",
        "name": run.name,
        "uid": run.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {
        "name": names.pod_name(run.name, run.uid, step.name, n),
        "namespace": run.namespace,
        "labels": {**template.labels, **labels},
        "annotations": {names.DEFAULT_CONTAINER: names.STEP, **template.annotations},
        "ownerReferences": [owner],
    }


def _constant(settings: PodSettings, template: Template) -> Json:
    """What every Pod of a step says of itself as a whole."""
    priority_class = template.pod.get("priorityClassName", settings.priority_class)
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": max(1, math.ceil(settings.grace)),
        "securityContext": _security(settings),
        **({"priorityClassName": priority_class} if priority_class else {}),
    }


def _security(settings: PodSettings) -> Json:
    user, group = settings.run_as_user, settings.fs_group
    return {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        **({} if user is None else {"runAsUser": user, "runAsGroup": user}),
        **({} if group is None else {"fsGroup": group, "fsGroupChangePolicy": "OnRootMismatch"}),
    }


def _tolerations(template: Template, settings: PodSettings) -> list[Json]:
    given = list(template.pod.get("tolerations", ()))
    # Of several that fit a taint the shortest counts, so ours would shorten the step's own.
    said = {toleration.get("key") for toleration in given}
    ours = [] if None in said or "" in said else [key for key in _UNREACHABLE if key not in said]
    return given + [_bound_for(key, settings.unreachable) for key in ours]


def _bound_for(key: str, seconds: int) -> Json:
    return {
        "key": key,
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": seconds,
    }


def _own_volumes(step: StepSpec) -> list[Json]:
    work: Mapping[str, Any] = {}
    if step.work_dir is not None:
        wanted = {"sizeLimit": step.work_dir.size, "medium": step.work_dir.medium}
        work = {key: value for key, value in wanted.items() if value is not None}
    return [
        {"name": names.GIVEN_VOLUME, "emptyDir": {}},
        {"name": names.WORK_VOLUME, "emptyDir": dict(work)},
        {"name": names.TEMPORARY_VOLUME, "emptyDir": {}},
    ]
