"""The target is what the command says, else the environment, else this computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from lateen import targets
from lateen.cluster.kubeconfig import login
from lateen.cluster.place import Place
from lateen.domain.errors import SetupError

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: not-for-anybody}}]
contexts:
- {name: one, context: {cluster: c, user: u, namespace: iris}}
- {name: two, context: {cluster: c, user: u}}
- {name: lost, context: {cluster: gone, user: u}}
"""


@pytest.fixture(autouse=True)
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("LATEEN_TARGET", raising=False)


def test_what_is_named_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert targets.kind() == "local"
    monkeypatch.setenv("LATEEN_TARGET", "cluster:two/words")
    assert targets.kind() == "cluster"
    assert targets.kind("local") == "local"


@pytest.mark.parametrize("text", ["clutser", "local:x", "kubernetes"])
def test_another_target_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match=f"a target is local, cluster or .*, not '{text}'"):
        targets.kind(text)


@pytest.mark.parametrize(
    ("named", "place", "context", "namespace"),
    [
        ("", Place(), "one", "iris"),
        ("two", Place(), "two", "default"),
        ("two/words", Place(), "two", "words"),
        ("/words", Place(), "one", "words"),
        ("two/words", Place("one"), "one", "words"),
        ("two/words", Place(None, "mine"), "two", "mine"),
    ],
)
def test_the_place_is_put_together(named: str, place: Place, context: str, namespace: str) -> None:
    found = login(named, place)
    assert (found.context, found.namespace) == (context, namespace)


def test_the_namespace_is_that_of_the_environment_s_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATEEN_TARGET", "cluster:/words")
    assert targets.server().namespace == "words"
    assert targets.server(Place(None, "mine")).namespace == "mine"


def test_a_context_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(SetupError, match="no context 'tow'; did you mean 'two'"):
        login("tow", Place())


def test_a_context_that_leads_nowhere_is_an_error_without_a_secret() -> None:
    with pytest.raises(SetupError, match="does not log in to 'lost'") as caught:
        login("lost", Place())
    assert "not-for-anybody" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "a: b", "kind: Config\ncontexts: 3\n"])
def test_without_a_kubeconfig_it_says_which_one_to_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(SetupError, match="there is no kubeconfig that names a cluster in"):
        login("", Place())
