"""What `lateen doctor` looks at where runs go to a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote

from lateen import targets
from lateen.cli.check import Check, tried
from lateen.cli.placing import Way
from lateen.cluster.installation import OPERATOR, check_definitions, check_operator
from lateen.cluster.server import Server
from lateen.cluster.stores import SECRET, other_stores
from lateen.cluster.target import ABSENT
from lateen.domain.errors import LateenError, NotFoundError, SetupError
from lateen.step.variables import DATABASE_URL, STORE_URL

_LATEEN = "lateen.dev"
_NEEDED = (("create", "runs"), ("get", "runs"), ("list", "runs"), ("watch", "runs"))
_OTHERS = (
    ("patch", "runs", _LATEEN, "to cancel, stop, pause and resume"),
    ("list", "pods", "", "for the logs of steps that run"),
    ("get", "pods/log", "", "for the logs of steps that run"),
)


def cluster_checks(way: Way) -> Iterator[Check]:
    """What a computer that submits runs needs, those that others depend on first."""
    try:
        server = targets.server(way.place, way.target)
    except LateenError as error:
        yield Check("kubeconfig", Check.FAILED, type(error).__name__, str(error))
        return
    login = server.login
    yield Check("kubeconfig", Check.OK, f"{login.context}, namespace {login.namespace}")
    reached = tried("API server", lambda: str(server.look("/version")["gitVersion"]))
    yield reached
    if reached.state == Check.OK:
        yield _namespace(server)
        yield tried("definitions", lambda: check_definitions(server))
        yield from _rights(server)
        yield _operator(server)
        yield _secret(server)


def given_stores() -> Check:
    """Whether the environment says where the catalog and the store of the namespace are."""
    missing = [name for name in (DATABASE_URL, STORE_URL) if not os.environ.get(name)]
    if missing:
        words = ABSENT.format(missing=" and ".join(missing))
        return Check("stores", Check.FAILED, f"no {' and no '.join(missing)}", words)
    return Check("stores", Check.OK, f"{DATABASE_URL} and {STORE_URL} are set")


def _namespace(server: Server) -> Check:
    name = server.namespace
    if not server.may("get", "namespaces", name=name):
        return _unseen("namespace", "get namespaces")
    path = f"/api/v1/namespaces/{quote(name, safe='')}"
    return tried("namespace", lambda: str(server.look(path)["metadata"]["name"]))


def _rights(server: Server) -> Iterator[Check]:
    missing = [f"{verb} {what}" for verb, what in _NEEDED if not server.may(verb, what, _LATEEN)]
    if missing:
        yield Check("rights", Check.FAILED, f"may not {', '.join(missing)}", _ask(server, missing))
        return
    yield Check("rights", Check.OK, "may create and follow runs")
    for verb, what, group, purpose in _OTHERS:
        if not server.may(verb, what, group):
            yield Check(
                "rights", Check.ABSENT, f"may not {verb} {what}", f"needed {purpose}, and only then"
            )


def _ask(server: Server, missing: list[str]) -> str:
    return (
        f"ask whoever manages the namespace {server.namespace!r} of {server.login.context!r} for a"
        f" role with {', '.join(missing)} in the group {_LATEEN}"
    )


def _operator(server: Server) -> Check:
    found = tried("operator", lambda: check_operator(server) or "")
    if found.state == Check.OK and not found.found:
        return _unseen("operator", f"list deployments -l {OPERATOR}")
    return found


def _secret(server: Server) -> Check:
    """Whether the namespace is a workspace, and the one whose stores the environment names."""
    if not server.may("get", "secrets", name=SECRET):
        return _unseen("workspace", f"get the Secret {SECRET}")

    def look() -> str:
        try:
            words = other_stores(server)
        except NotFoundError:
            raise SetupError(
                f"the namespace {server.namespace!r} is no workspace: it has no Secret {SECRET};"
                f" make it with {DATABASE_URL}, {STORE_URL} and the store's credentials, or name"
                " another namespace with -n"
            ) from None
        if words:
            raise SetupError(words)
        return f"the Secret {SECRET} names the stores that are set here, or none are"

    return tried("workspace", look)


def _unseen(name: str, what: str) -> Check:
    return Check(name, Check.ABSENT, "may not be read with these credentials", f"it takes: {what}")
