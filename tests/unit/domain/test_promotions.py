from __future__ import annotations

from lateen.domain.promotions import NOBODY, protected, taken, unexpected


def test_a_taken_stage_names_its_holder_and_both_ways_to_replace_it():
    message = str(taken("iris", "production", "6"))
    assert message.startswith("version 6 of 'iris' is in production already")
    assert "force=True" in message
    assert "lateen promote --force" in message


def test_an_unexpected_holder_is_named_beside_the_expected_one():
    start = "expected version 5 of 'iris' in production, but version 6 is there now"
    assert str(unexpected("iris", "production", "5", "6")).startswith(start)
    assert "but no version is there now" in str(unexpected("iris", "production", "5", None))
    assert "expected no version of" in str(unexpected("iris", "production", NOBODY, "6"))
    assert "lateen history iris" in str(unexpected("iris", "production", "5", "6"))


def test_a_protected_stage_says_who_can_change_it():
    message = str(protected("iris", "none", "production"))
    assert "'iris' is protected from steps" in message
    assert "from none to production" in message
    assert "`lateen promote`" in message
