"""What a promotion moves, and whether a model's version is made by a run."""

from __future__ import annotations

from lateen.domain.errors import StageTakenError
from lateen.domain.spec import ModelSpec
from tests.model.things import ModelVersion

STAGES = ("none", "staging", "production", "archived")
EXCLUSIVE = ("staging", "production")


def moves(
    stages: dict[ModelVersion, str],
    version: ModelVersion,
    stage: str,
    force: bool,
    expect: str | None,
) -> list[tuple[ModelVersion, str]]:
    """What a promotion moves, in order; StageTakenError where it may not."""
    holders = [v for v, at in stages.items() if v.model == version.model and at == stage]
    holder = holders[0] if holders and stage in EXCLUSIVE else None
    expected = {holder.name, str(holder.number)} if holder else {"none"}
    if expect is not None and expect not in expected:
        raise StageTakenError("another one than expected")
    if stages[version] == stage:
        return []
    if holder is None:
        return [(version, stage)]
    if not force:
        raise StageTakenError("taken")
    return [(holder, "archived"), (version, stage)]


def makes_version(model: ModelSpec | None) -> bool:
    """Whether a run makes the version of its model where there is none."""
    named = model is not None and model.version
    return model is not None and not (named and (named in (*STAGES, "latest") or named.isdigit()))
