from __future__ import annotations

import pytest

from lateen_operator.settings import read_settings


def test_arguments_come_before_the_environment_and_that_before_defaults() -> None:
    environment = {"LATEEN_IMAGE": "registry/lateen:1", "LATEEN_WORKERS": "7", "POD_NAME": "op-0"}
    settings = read_settings(["--workers", "2", "--pod-ttl", "90s"], environment)
    assert (settings.image, settings.workers, settings.identity) == ("registry/lateen:1", 2, "op-0")
    assert (settings.pod_ttl, settings.run_ttl, settings.relist) == (90.0, None, 300.0)


def test_namespaces_are_all_unless_some_are_named() -> None:
    environment = {"LATEEN_IMAGE": "i"}
    assert read_settings([], environment).namespaces == ()
    assert read_settings(["--namespaces", "a, b"], environment).namespaces == ("a", "b")


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--workers", "none", "'none' is no number from 1 on"),
        ("--pod-ttl", "soon", "'soon' is not a duration"),
        ("--user", "0", "'0' is no user that is not root"),
        ("--listen", "8080", "'8080' is not HOST:PORT"),
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
