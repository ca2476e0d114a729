"""What an API server refuses, in words that say what to do about it."""

from __future__ import annotations

import re
from typing import Any

from lateen.cluster.connection import status_of
from lateen.cluster.kubeconfig import Login
from lateen.domain.errors import (
    ClusterRefused,
    ClusterUnavailable,
    LateenError,
    NotFoundError,
    SetupError,
    UserError,
)

_VERBS = {"POST": "create", "GET": "get", "PATCH": "patch"}
INSTALL = (
    "install Lateen there: helm install lateen helm/lateen, or its definitions alone:"
    " kubectl apply --server-side -f crds/"
)


_ONE_OF = "must validate one and only one schema (oneOf)"


def unreachable(login: Login, error: Exception) -> ClusterUnavailable:
    """Nobody answered."""
    reason = getattr(error, "reason", None) or error
    return ClusterUnavailable(
        f"the API server of {login.context!r} does not answer ({type(reason).__name__}); see"
        f" whether `kubectl --context {login.context} version` reaches it"
    )


def failure(login: Login, method: str, path: str, status: int, body: bytes) -> LateenError:
    """The error for an answer that is none."""
    told = status_of(body)
    words = str(told.get("message") or f"HTTP {status}")[:2000]
    kind, _, name = path.partition(f"/namespaces/{login.namespace}/")[2].partition("/")
    match status:
        case 401:
            return SetupError(
                f"the cluster {login.context!r} does not accept the kubeconfig's credentials; log"
                " in anew"
            )
        case 403:
            return _forbidden(login, method, kind, name, words)
        case 404:
            return _not_found(login, kind, name, told)
        case 409 | 422 if method == "PATCH" and ("uid" in words.lower()):
            return _another(login, name)
        case 409:
            return UserError(f"{words}: choose another name for the run")
        case 400 | 422:
            return UserError(f"the API server refuses the {kind.removesuffix('s')}: {_plain(told)}")
        case 429 | 500 | 502 | 503 | 504:
            return ClusterUnavailable(f"the API server of {login.context!r} cannot answer: {words}")
    return ClusterRefused(words, status, str(told.get("reason", "")))


def _forbidden(login: Login, method: str, kind: str, name: str, words: str) -> SetupError:
    if "cannot" not in words:  # a policy or a quota, not a right
        return SetupError(f"the cluster {login.context!r} does not allow it: {words}")
    part = name.partition("/")[2]
    resource = f"{kind}/{part}" if part else f"{kind}.lateen.dev" if kind == "runs" else kind
    verb = "list" if method == "GET" and not name else _VERBS.get(method, method)
    return SetupError(
        f"you may not {verb} {resource} in the namespace"
        f" {login.namespace!r} of {login.context!r}; ask for that right, and look with"
        f" `kubectl --context {login.context} -n {login.namespace} auth can-i"
        f" {verb} {resource}`"
    )


def _not_found(login: Login, kind: str, name: str, told: dict[str, Any]) -> LateenError:
    if (told.get("details") or {}).get("kind") == "namespaces":
        return SetupError(f"there is no namespace {login.namespace!r} in {login.context!r}")
    if "details" in told and (told["details"] or {}).get("name"):
        return _nothing(login, kind, name.partition("/")[0])
    return SetupError(f"the cluster {login.context!r} does not know Lateen's resources; {INSTALL}")


def no_run(login: Login, name: str) -> NotFoundError:
    """The namespace has no Run of that name."""
    return _nothing(login, "runs", name)


def _nothing(login: Login, kind: str, name: str) -> NotFoundError:
    return NotFoundError(
        f"there is no {kind.removesuffix('s')} {name!r} in the namespace {login.namespace!r} of"
        f" {login.context!r}; LATEEN_TARGET=cluster:CONTEXT/NAMESPACE names another place"
    )


def _another(login: Login, name: str) -> UserError:
    return UserError(
        f"the run {name!r} in the namespace {login.namespace!r} of {login.context!r} is another one"
        " than the catalog's; LATEEN_TARGET=cluster:CONTEXT/NAMESPACE names the right place"
    )


def _plain(told: dict[str, Any]) -> str:
    """What is wrong with a resource, a line for each field."""
    causes = (told.get("details") or {}).get("causes") or []
    lines = [_cause(each) for each in causes if each.get("message")]
    # Where a rule of our own says which one, the schema's "one and only one" says no more.
    lines = [line for line in lines if _ONE_OF not in line] or lines
    if not lines:
        return str(told.get("message") or "it gives no reason")[:2000]
    return "\n  ".join(["", *lines]) if len(lines) > 1 else lines[0]


def _cause(cause: dict[str, Any]) -> str:
    # "Invalid value: "object": exactly one of …": the value of a whole object says nothing.
    words = re.sub(r'^Invalid value: ("(object|array|string)?": )?', "", str(cause["message"]))
    field = str(cause.get("field") or "")
    return f"{field}: {words}"[:500] if field and field != "<nil>" else words[:500]
