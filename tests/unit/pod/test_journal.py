from __future__ import annotations

from pathlib import Path

import pytest

from lateen.domain.errors import UserError
from lateen.pod import journal
from lateen.pod.journal import Journal
from lateen.step.pending import Pending


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert list(Journal(tmp_path / "journal").entries()) == []


def test_entries_come_back_in_their_order(tmp_path: Path) -> None:
    entries = [{"a": 1}, {"b": "x\ny"}, {"a": 2}]
    kept = Journal(tmp_path / "journal")
    for entry in entries:
        kept.keep(entry)
    assert list(Journal(tmp_path / "journal").entries()) == entries


def test_half_an_entry_is_dropped_and_the_next_one_is_whole(tmp_path: Path) -> None:
    Journal(tmp_path / "journal").keep({"a": 1})
    with open(tmp_path / "journal", "a") as file:
        file.write('{"half')
    again = Journal(tmp_path / "journal")
    assert list(again.entries()) == [{"a": 1}]
    again.keep({"b": 2})
    assert list(Journal(tmp_path / "journal").entries()) == [{"a": 1}, {"b": 2}]


def test_a_step_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LONGEST", 100)
    kept = Journal(tmp_path / "journal")
    kept.keep({"a": "x" * 50})
    with pytest.raises(UserError, match="more than 100 bytes"):
        kept.keep({"a": "x" * 50})
    assert len(list(Journal(tmp_path / "journal").entries())) == 1


def test_what_waits_for_a_commit_is_the_same_after_it_was_restored(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal")
    before = Pending(kept.keep)
    before.log_on_step({"a": 1})
    before.log_on_step({"a": 2, "b": [None]})
    before.log_on_output("o", {"rows": 3})
    before.tag_output("o", ["good"])
    before.tag_output("o", ["better"])
    promotion = {"model_version": "v", "stage": "production", "force": True}
    before.promote(promotion, {"id": "v", "name": "m", "stage": "none"})
    before.look_back()
    before.look_back()
    after = Pending()
    entries = list(Journal(tmp_path / "journal").entries())
    for entry in entries:
        after.restore(entry)
    assert (after.step_metadata, after.output_metadata) == (
        {"a": 2, "b": [None]},
        {"o": {"rows": 3}},
    )
    assert (after.output_tags, after.opaque) == ({"o": ["good", "better"]}, True)
    assert after.promotions.made == before.promotions.made
    assert after.promotions.moved("m", "production")
    assert len(entries) == 7
