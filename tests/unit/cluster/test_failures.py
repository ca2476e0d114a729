"""What an API server refuses is told so that its reader knows what to do; never with a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lateen.cluster.failures import failure, unreachable
from lateen.cluster.kubeconfig import Login
from lateen.domain.errors import (
    ClusterRefused,
    ClusterUnavailable,
    LateenError,
    SetupError,
    UserError,
)

LOGIN = Login("kind", "iris", configuration=None)
RUNS = "/apis/lateen.dev/v1alpha1/namespaces/iris/runs"


def told(status: int, path: str = RUNS, method: str = "POST", **body: Any) -> LateenError:
    return failure(LOGIN, method, path, status, json.dumps(body).encode())


def test_who_is_not_known_logs_in_anew() -> None:
    assert isinstance(told(401, message="Unauthorized"), SetupError)
    assert "log in anew" in str(told(401))


@pytest.mark.parametrize(
    ("path", "method", "right"),
    [
        (RUNS, "POST", "create runs.lateen.dev"),
        (f"{RUNS}/x", "PATCH", "patch runs.lateen.dev"),
        ("/api/v1/namespaces/iris/pods", "GET", "list pods"),
        ("/api/v1/namespaces/iris/pods/x-1/log", "GET", "get pods/log"),
    ],
)
def test_the_right_that_is_missing_is_named(path: str, method: str, right: str) -> None:
    found = told(403, path, method, message='User "x" cannot do it')
    assert isinstance(found, SetupError)
    assert f"you may not {right} in the namespace 'iris' of 'kind'" in str(found)
    assert f"kubectl --context kind -n iris auth can-i {right}" in str(found)


def test_a_policy_s_refusal_keeps_its_words() -> None:
    assert "exceeded quota: runs" in str(told(403, message="exceeded quota: runs"))


def test_an_answer_that_is_no_status_is_no_crash() -> None:
    found = failure(LOGIN, "GET", RUNS, 404, b"404 page not found\n")
    assert "does not know Lateen's resources; install Lateen there" in str(found)
    assert isinstance(failure(LOGIN, "GET", RUNS, 418, b"[1]"), ClusterRefused)
    assert "HTTP 418" in str(failure(LOGIN, "GET", RUNS, 418, b"\xff"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_told_so(status: int) -> None:
    assert isinstance(told(status, message="too much"), ClusterUnavailable)


def test_a_field_is_named_with_what_is_wrong_with_it() -> None:
    cause = {"field": "spec.steps", "message": 'Invalid value: "array": too many'}
    found = told(422, message="long", details={"causes": [cause]})
    assert isinstance(found, UserError)
    assert str(found) == "the API server refuses the run: spec.steps: too many"


def test_nobody_there_names_a_way_to_look() -> None:
    found = unreachable(LOGIN, ConnectionRefusedError("https://user:secret@host"))
    assert "does not answer (ConnectionRefusedError)" in str(found)
    assert "secret" not in str(found)
