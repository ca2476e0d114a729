"""What of Lateen is installed in a cluster, as whoever submits to it can see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from lateen.cluster.connection import Json
from lateen.cluster.failures import INSTALL
from lateen.cluster.server import RUNS, Server
from lateen.domain.errors import SetupError

DEPLOYMENTS = "/apis/apps/v1/deployments"
OPERATOR = "app.kubernetes.io/name=lateen,app.kubernetes.io/component=operator"
LEASE = "lateen-operator"
SILENT = timedelta(minutes=1)
"""Nobody leads any more, though the clocks of operator and API server may be apart a little."""


def check_definitions(server: Server) -> str:
    """The version of the definitions; SetupError where they lack what Runs from here may say."""
    from lateen.resources.crd import definitions

    schemas = server.look(f"/openapi/v3/{RUNS}")["components"]["schemas"].values()
    served = {kind: schema for schema in schemas for kind in _kinds(schema)}
    lacking: list[str] = []
    for definition in definitions().values():
        kind = definition["spec"]["names"]["kind"]
        (version,) = definition["spec"]["versions"]
        there = set(_fields(served.get(kind, {})))
        fields = _fields(version["schema"]["openAPIV3Schema"])
        lacking += [f"{kind}.{field}" for field in fields if field not in there]
    if lacking:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        raise SetupError(
            f"the definitions in {server.login.context!r} are older than Lateen here: they do not"
            f" know {', '.join(lacking[:3])}{more}; {INSTALL}"
        )
    return RUNS.removeprefix("apis/")


def _kinds(schema: Json) -> list[str]:
    group, _, version = RUNS.removeprefix("apis/").partition("/")
    known = schema.get("x-kubernetes-group-version-kind") or ()
    return [each["kind"] for each in known if (each["group"], each["version"]) == (group, version)]


def _fields(schema: Any, place: str = "") -> Iterator[str]:
    """The paths of the fields that a schema knows, the outer ones first."""
    for name, field in (schema.get("properties") or {}).items():
        path = f"{place}.{name}" if place else name
        yield path
        yield from _fields(field, path)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _fields(schema[key], f"{place}[]")


def check_operator(server: Server) -> str | None:
    """The operators that serve the namespace; None where the login may not look for them.

    Raises SetupError where there is none that works.
    """
    if not server.may("list", "deployments", "apps", everywhere=True):
        return None
    found = server.look(DEPLOYMENTS, {"labelSelector": OPERATOR})["items"]
    serving = [each for each in found if _serves(each, server.namespace)]
    if not serving:
        raise _nobody(server, found)
    return ", ".join(_working(server, each) for each in serving)


def _nobody(server: Server, others: list[Json]) -> SetupError:
    place = f"the namespace {server.namespace!r} of {server.login.context!r}"
    if others:
        return SetupError(
            f"no operator serves {place}: LATEEN_NAMESPACES of those that are there names others;"
            " add it to `namespaces` in the chart's values"
        )
    return SetupError(
        f"no operator serves {place}: there is no Deployment with the labels {OPERATOR}; helm"
        " install lateen helm/lateen --namespace lateen --create-namespace"
    )


def _serves(deployment: Json, namespace: str) -> bool:
    served = _values(deployment, "LATEEN_NAMESPACES")
    return not any(served) or any(namespace in text.split(",") for text in served if text)


def _values(deployment: Json, variable: str) -> list[str | None]:
    """What its containers have in a variable of the environment."""
    variables = [
        each for container in _containers(deployment) for each in container.get("env") or ()
    ]
    return [each.get("value") for each in variables if each["name"] == variable]


def _containers(deployment: Json) -> list[Json]:
    return list(deployment["spec"]["template"]["spec"]["containers"])


def _working(server: Server, deployment: Json) -> str:
    """An operator that runs and leads; SetupError where it does not."""
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    look = f"`kubectl --context {server.login.context} -n {namespace}"
    ready = (deployment.get("status") or {}).get("readyReplicas") or 0
    if not ready:
        raise SetupError(
            f"the operator {namespace}/{name} has no replica that is ready; {look} describe"
            f" deployment,pod -l {OPERATOR}` says why"
        )
    if _elects(deployment) and server.may("list", "leases", "coordination.k8s.io", everywhere=True):
        path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        found = server.look(path, {"fieldSelector": f"metadata.name={LEASE}"})["items"]
        renewed = max((each["spec"].get("renewTime") or "" for each in found), default="")
        if not renewed or server.clock.now() - datetime.fromisoformat(renewed) > SILENT:
            raise SetupError(
                f"no replica of the operator {namespace}/{name} leads: its Lease {LEASE} was last"
                f" renewed {renewed or 'never'}; {look} logs -l {OPERATOR}` says why"
            )
    return f"{namespace}/{name}, {ready} ready"


def _elects(deployment: Json) -> bool:
    """Whether its replicas elect a leader; an argument goes before the variable."""
    said = _values(deployment, "LATEEN_ELECTION")
    for container in _containers(deployment):
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        said += [word.partition("=")[2] for word in words if word.startswith("--election=")]
        said += [word for option, word in pairwise(words) if option == "--election"]
    return said[-1:] != ["off"]
