from __future__ import annotations

from lateen.workspace.naming import generated_name


def test_a_thousand_runs_of_one_second_have_names_of_their_own() -> None:
    names = {generated_name("train") for _ in range(1000)}
    assert len(names) == 1000
