"""What goes, what is kept, and in which words."""

from __future__ import annotations

import pytest

from lateen.planning.deletion import (
    FORCEABLE,
    Candidate,
    Deletion,
    Need,
    NeedKind,
    decide_deletion,
)


def test_what_nothing_needs_goes():
    free = Candidate("1", "iris 1")
    assert decide_deletion([free]) == Deletion(going=(free,))


@pytest.mark.parametrize("kind", NeedKind)
def test_every_need_keeps(kind):
    needed = Candidate("1", "iris 1", (Need(kind, ("x",)),))
    assert decide_deletion([needed]) == Deletion(kept=(needed,))


@pytest.mark.parametrize("kind", NeedKind)
def test_force_passes_over_what_no_record_depends_on_alone(kind):
    needed = Candidate("1", "iris 1", (Need(kind, ("x",)),))
    assert bool(decide_deletion([needed], force=True).going) == (kind in FORCEABLE)
    other = Candidate("1", "iris 1", (Need(kind, ("x",)), Need(NeedKind.INPUT, ("run",))))
    assert not decide_deletion([other], force=True).going


def test_force_is_for_tags_the_history_of_stages_and_the_newest_success():
    assert {NeedKind.TAG, NeedKind.HISTORY, NeedKind.NEWEST_SUCCESS} == FORCEABLE


def test_the_reasons_are_told_in_words():
    needs = (
        Need(NeedKind.INPUT, ("X",)),
        Need(NeedKind.STAGE, ("production of model M",)),
        Need(NeedKind.TAG, ("keep",)),
    )
    assert (
        Candidate("1", "iris 3", needs).why == "input of run X; production of model M; tagged keep"
    )


def test_many_reasons_of_a_kind_are_counted():
    assert Need(NeedKind.OUTPUT, ("a", "b", "c"), 10).words == "output of run a, b, c and 7 more"


def test_deletions_add_up():
    one, two = Candidate("1", "iris 1"), Candidate("2", "iris 2", (Need(NeedKind.TAG, ("x",)),))
    added = decide_deletion([one]) + decide_deletion([two])
    assert (added.ids, added.kept) == (["1"], (two,))
