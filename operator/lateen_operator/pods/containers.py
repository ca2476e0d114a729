"""The three containers of a step's Pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.domain.spec import StepSpec
from lateen.step import variables
from lateen.step.variables import POD_WORK
from lateen_operator.pods.environment import literal
from lateen_operator.pods.names import (
    GIVEN_VOLUME,
    PUBLISH,
    RESOLVE,
    STEP,
    STORE_SECRET,
    TEMPORARY_VOLUME,
    WORK_VOLUME,
)
from lateen_operator.pods.settings import PodSettings
from lateen_operator.pods.template import Template

Json = dict[str, Any]

SETTLED_CODES = (variables.COMMITTED, variables.FAILED, variables.FENCED, variables.NO_OUTCOME)
"""How ``publish`` ends where starting it again would change nothing."""


_LAST_WORDS = {"terminationMessagePolicy": "FallbackToLogsOnError"}
"""So that the Pod itself tells why a container failed, though it could tell nobody else."""


def resolve_container(environment: list[Json], settings: PodSettings) -> Json:
    """The init container, which resolves and fetches."""
    return _own(RESOLVE, variables.RESOLVE_COMMAND, environment, settings)


def publish_container(environment: list[Json], settings: PodSettings) -> Json:
    """The container beside the step's, which serves it and commits how it ends."""
    container = _own(PUBLISH, variables.PUBLISH_COMMAND, environment, settings)
    return {**container, **(_restarting() if settings.restarts else {})}


def _restarting() -> Json:
    crash = {"operator": "NotIn", "values": list(SETTLED_CODES)}
    return {
        "restartPolicy": "Never",
        "restartPolicyRules": [{"action": "Restart", "exitCodes": crash}],
    }


def _own(
    name: str, command: tuple[str, ...], environment: list[Json], settings: PodSettings
) -> Json:
    return {
        "name": name,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": list(command),
        "envFrom": [{"secretRef": {"name": STORE_SECRET}}],
        "env": environment,
        "volumeMounts": [
            _mount(GIVEN_VOLUME, variables.GIVEN_MOUNT),
            _mount(WORK_VOLUME, variables.WORK_MOUNT),
            _mount(TEMPORARY_VOLUME, "/tmp"),
        ],
        "securityContext": _restricted({"readOnlyRootFilesystem": True}),
        **_LAST_WORDS,
        "resources": settings.own_resources,
    }


def step_container(step: StepSpec, image: str, environment: list[Json], template: Template) -> Json:
    """The user's container: without credentials, and what it was given is read-only to it."""
    given = template.container
    return {
        "name": STEP,
        "image": image,
        **{key: given[key] for key in ("imagePullPolicy",) if key in given},
        "command": [literal(word) for word in _command(step)],
        "workingDir": given.get("workingDir", str(_folder(step))),
        "env": environment,
        "envFrom": [*given.get("envFrom", ()), *_secrets(step)],
        "resources": _resources(step, given.get("resources", {})),
        "volumeMounts": [
            {**_mount(GIVEN_VOLUME, variables.GIVEN_MOUNT), "readOnly": True},
            _mount(WORK_VOLUME, variables.WORK_MOUNT),
            *given.get("volumeMounts", ()),
        ],
        "securityContext": _restricted(_tightened(given.get("securityContext", {}))),
        **_LAST_WORDS,
    }


def _command(step: StepSpec) -> tuple[str, ...]:
    if step.entrypoint is None:
        return (*variables.WRAPPER_COMMAND, *step.command)
    return (step.interpreter or "python3", *variables.EXECUTE_ARGUMENTS)


def _folder(step: StepSpec) -> object:
    return variables.WORK_MOUNT if step.entrypoint is None else POD_WORK.code


def _secrets(step: StepSpec) -> list[Json]:
    return [{"secretRef": {"name": name}} for name in step.env_from]


def _resources(step: StepSpec, template: Mapping[str, Any]) -> Json:
    """What the template asks for, and what the step itself does over it."""
    own = step.resources.to_json() if step.resources else {}
    merged = {
        part: {**template.get(part, {}), **own.get(part, {})} for part in ("requests", "limits")
    }
    return {part: quantities for part, quantities in merged.items() if quantities}


def _tightened(given: Mapping[str, Any]) -> Json:
    name = "readOnlyRootFilesystem"
    return {name: given[name]} if name in given else {}


def _restricted(further: Mapping[str, Any]) -> Json:
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, **further}


def _mount(volume: str, path: object) -> Json:
    return {"name": volume, "mountPath": str(path)}
