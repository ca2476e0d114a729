"""What a Run shows while it cannot be looked at."""

from __future__ import annotations

from lateen.domain.errors import (
    CatalogRefused,
    CatalogUnavailable,
    ClusterUnavailable,
    StoreUnavailable,
    TemporaryError,
)
from lateen_operator.trouble import Trouble, trouble


def test_what_does_not_answer_is_named() -> None:
    for kind in (CatalogUnavailable, StoreUnavailable, ClusterUnavailable, CatalogRefused):
        assert trouble(kind("no answer")) == Trouble(kind.__name__, "no answer")


def test_what_may_pass_is_tried_again() -> None:
    assert trouble(TemporaryError("no bucket")) == Trouble("TriedAgain", "no bucket")


def test_a_defect_is_called_one_and_its_own_words_are_for_the_log_alone() -> None:
    found = trouble(KeyError("postgresql://me:secret@db/x"))
    assert found.reason == "OperatorFailed"
    assert "KeyError" in found.message
    assert "secret" not in found.message
