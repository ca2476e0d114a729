"""The promotions of a running step: it sees them at once, others with its commit (semantics 18)."""

from __future__ import annotations

from collections.abc import Iterable

from lateen.domain.promotions import NOBODY, taken, unexpected
from lateen.domain.promotions import protected as protected_error
from lateen.domain.states import ModelStages
from lateen.step.ports import Json


class Promotions:
    """What a step promoted, in order, laid over what the catalog says."""

    def __init__(self) -> None:
        self.made: list[Json] = []
        """As the commit takes them."""
        self._moved: set[tuple[str, str]] = set()

    def add(self, promotion: Json, promoted: Json) -> None:
        """Takes a promotion of a version, which is given as the step sees it before."""
        model = promoted["name"]
        archived = ModelStages.ARCHIVED.value
        self.made.append({**promotion, "model": model})
        self._moved |= {(model, promoted["stage"]), (model, promotion["stage"]), (model, archived)}

    def moved(self, model: str, stage: str) -> bool:
        """Whether the step brought a version to the stage, or away from it."""
        return (model, stage) in self._moved

    def over(self, version: Json) -> Json:
        """A model version of the catalog, as the step has left it."""
        for promotion in self.made:
            if promotion["model_version"] == version["id"]:
                version = {**version, "stage": promotion["stage"]}
            elif _pushed_out(promotion, version):
                version = {**version, "stage": ModelStages.ARCHIVED.value}
        return version


def check_protection(promotion: Json, promoted: Json, protected: Iterable[str]) -> None:
    """StageProtectedError where a step must not change a stage; checked at the commit too."""
    before, after = promoted["stage"], promotion["stage"]
    if before != after and not {before, after}.isdisjoint(protected):
        raise protected_error(promoted["name"], before, after)


def check_incumbent(promotion: Json, promoted: Json, versions: Iterable[Json]) -> None:
    """StageTakenError where the stage is another version's, or not the expected one's.

    The commit checks it again; this is for the step to learn it while it can still react.
    """
    stage, expected, name = promotion["stage"], promotion["expect"], promoted["name"]
    if not ModelStages(stage).exclusive:
        return
    incumbent = next((version for version in versions if version["stage"] == stage), None)
    held = {incumbent["version"], str(incumbent["number"])} if incumbent else {NOBODY}
    if expected is not None and expected not in held:
        there = incumbent["version"] if incumbent else None
        raise unexpected(name, stage, expected, there)
    if incumbent and incumbent["id"] != promoted["id"] and not promotion["force"]:
        raise taken(name, stage, incumbent["version"])


def _pushed_out(promotion: Json, version: Json) -> bool:
    return bool(
        ModelStages(promotion["stage"]).exclusive
        and version["name"] == promotion["model"]
        and version["stage"] == promotion["stage"]
    )
