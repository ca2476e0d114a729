from __future__ import annotations

from pathlib import Path

import pytest

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import SetupError
from lateen.pod.settings import Settings

ENVIRONMENT = {
    "LATEEN_RUN": "run-uid",
    "LATEEN_STEP": "load-data",
    "LATEEN_ATTEMPT": "2",
    "LATEEN_HOLDER": "pod-uid",
    "LATEEN_WORK": "/lateen/work",
    "LATEEN_GIVEN": "/lateen/given",
    "LATEEN_IMAGE": "example/image:1",
    "LATEEN_DATABASE_URL": "postgresql://u:secret@h/d",
    "LATEEN_STORE_URL": "s3://bucket",
}


def test_an_attempt_is_named_by_the_environment() -> None:
    settings = Settings.of(ENVIRONMENT)
    assert settings.attempt == AttemptKey("run-uid", "load-data", 2)
    assert settings.work.inputs == Path("/lateen/given/inputs")
    assert settings.work.outputs == Path("/lateen/work/outputs")
    assert (settings.tolerate_oom, settings.waited) == (False, 0.0)


def test_what_may_be_left_out_can_be_set() -> None:
    more = {"LATEEN_GRACE": "5.5", "LATEEN_TOLERATE_OOM": "1", "LATEEN_WAITED": "90"}
    settings = Settings.of({**ENVIRONMENT, **more})
    assert (settings.grace, settings.tolerate_oom, settings.waited) == (5.5, True, 90.0)


def test_what_is_missing_is_named_and_no_secret_is() -> None:
    environment = {**ENVIRONMENT, "LATEEN_STEP": ""}
    del environment["LATEEN_STORE_URL"]
    with pytest.raises(SetupError, match="LATEEN_STEP, LATEEN_STORE_URL must be set") as missing:
        Settings.of(environment)
    assert "secret@" not in str(missing.value)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(SetupError, match="LATEEN_GRACE='soon' is no number"):
        Settings.of({**ENVIRONMENT, "LATEEN_GRACE": "soon"})
