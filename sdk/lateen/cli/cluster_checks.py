"""What `lateen doctor` looks at where runs go to a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from urllib.parse import quote

from lateen import targets
from lateen.cli.check import Check, all_tried, tried
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
        yield _seen("namespace", "get namespaces", lambda: _namespace(server))
        yield tried("definitions", lambda: check_definitions(server))
        yield from all_tried("rights", lambda: _rights(server))
        listing = f"list deployments -l {OPERATOR}"
        yield _seen("operator", listing, lambda: check_operator(server))
        yield _seen("workspace", f"get the Secret {SECRET}", lambda: _secret(server))


def given_stores() -> Check:
    """Whether the environment says where the catalog and the store of the namespace are."""
    missing = [name for name in (DATABASE_URL, STORE_URL) if not os.environ.get(name)]
    if missing:
        words = ABSENT.format(missing=" and ".join(missing))
        return Check("stores", Check.FAILED, f"no {' and no '.join(missing)}", words)
    return Check("stores", Check.OK, f"{DATABASE_URL} and {STORE_URL} are set")


def _seen(name: str, right: str, look: Callable[[], str | None]) -> Check:
    """Whether something works; None is the answer of a look that the login may not take."""
    found = tried(name, lambda: look() or "")
    if found.state == Check.OK and not found.found:
        words = "may not be read with these credentials"
        return Check(name, Check.ABSENT, words, f"it takes: {right}")
    return found


def _namespace(server: Server) -> str | None:
    name = server.namespace
    if not server.may("get", "namespaces", name=name):
        return None
    path = f"/api/v1/namespaces/{quote(name, safe='')}"
    return str(server.look(path)["metadata"]["name"])


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


def _secret(server: Server) -> str | None:
    """Whether the namespace is a workspace, and the one whose stores the environment names."""
    if not server.may("get", "secrets", name=SECRET):
        return None
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
