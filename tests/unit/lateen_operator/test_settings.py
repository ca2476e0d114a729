from __future__ import annotations

import pytest

from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.settings import PodSettings
from lateen_operator.settings import read_settings
from tests.unit.lateen_operator.pods.made import RUN, SPEC, TRAIN


def test_arguments_come_before_the_environment_and_that_before_defaults() -> None:
    environment = {"LATEEN_IMAGE": "registry/lateen:1", "LATEEN_WORKERS": "7", "POD_NAME": "op-0"}
    settings = read_settings(["--workers", "2", "--pod-ttl", "90s"], environment)
    assert (settings.image, settings.workers, settings.identity) == ("registry/lateen:1", 2, "op-0")
    assert (settings.pod_ttl, settings.run_ttl, settings.relist) == (90.0, None, 300.0)


def test_namespaces_are_all_unless_some_are_named() -> None:
    environment = {"LATEEN_IMAGE": "i"}
    assert read_settings([], environment).namespaces == ()
    assert read_settings(["--namespaces", "a, b"], environment).namespaces == ("a", "b")


def test_labels_beside_the_usual_ones_are_allowed_by_name_or_pattern() -> None:
    assert read_settings([], {"LATEEN_IMAGE": "i"}).allowed_labels == ()
    environment = {"LATEEN_IMAGE": "i", "LATEEN_ALLOWED_LABELS": "team, cost.example.com/*"}
    assert read_settings([], environment).allowed_labels == ("team", "cost.example.com/*")


def test_our_containers_and_lost_nodes_are_as_the_installation_says() -> None:
    environment = {
        "LATEEN_IMAGE": "i",
        "LATEEN_CONTAINER_CPU": "0.1",
        "LATEEN_CONTAINER_MEMORY": "128Mi",
        "LATEEN_CONTAINER_MEMORY_LIMIT": "1Gi",
        "LATEEN_UNREACHABLE": "1m30s",
    }
    pod = build_pod(RUN, SPEC, TRAIN, 1, read_settings([], environment).of_pods((1, 35)))
    (resolve,), (publish, _) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    wanted = {"requests": {"cpu": "0.1", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}
    assert resolve["resources"] == publish["resources"] == wanted
    seconds = [each["tolerationSeconds"] for each in pod["spec"]["tolerations"]]
    assert seconds == [90, 90]


def test_the_defaults_of_pods_are_those_of_an_installation() -> None:
    assert read_settings([], {"LATEEN_IMAGE": "i"}).of_pods((1, 29)) == PodSettings("i")


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--workers", "none", "'none' is no number from 1 on"),
        ("--pod-ttl", "soon", "'soon' is not a duration"),
        ("--user", "0", "'0' is no user that is not root"),
        ("--listen", "8080", "'8080' is not HOST:PORT"),
        ("--container-cpu", "50Mi", "'50Mi' is no quantity; write it like 50m"),
        ("--container-memory-limit", "much", "'much' is no quantity; write it like 512Mi"),
        ("--election", "yes", "'yes' is neither `on` nor `off`"),
        ("--log-level", "loud", "'loud' is none of DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_a_wrong_value_is_refused_with_its_flag_and_its_variable(
    flag: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_settings([flag, value], {"LATEEN_IMAGE": "i"})
    said = capsys.readouterr().err
    assert words in said
    assert f"{flag} (LATEEN_" in said


def test_the_image_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings([], {})
    assert "--image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "most", "good"),
    [
        ("1Gi", "512Mi", False),
        ("512Mi", "0.5Gi", True),
        ("600M", "512Mi", False),
        ("1k", "1Ki", True),
    ],
)
def test_a_request_for_more_memory_than_the_limit_is_refused(
    asked: str, most: str, good: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--image", "i", "--container-memory", asked, "--container-memory-limit", most]
    if good:
        assert read_settings(words, {}).container_memory == asked
        return
    with pytest.raises(SystemExit):
        read_settings(words, {})
    assert f"is {asked}, more than --container-memory-limit" in capsys.readouterr().err
