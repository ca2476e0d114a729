"""What a Pod's own containers are told by their environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import SetupError
from lateen.step import variables
from lateen.step.workdir import WorkDirectory

GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Which attempt is worked for, where, and with which stores."""

    attempt: AttemptKey
    holder: str
    work: WorkDirectory
    image: str
    """The step's image, as its spec has it."""
    database_url: str
    store_url: str
    grace: float = GRACE_SECONDS
    """Seconds for what is left to do after the step's end."""
    tolerate_oom: bool = False
    waited: float = 0.0
    """For how many seconds the step has waited for what its references may wait for."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> Settings:
        """The settings in an environment; SetupError names what is not in it."""
        needed = {name: environment.get(name, "") for name in _NEEDED}
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SetupError(
                f"{', '.join(missing)} must be set: the operator sets them in the Pods that it"
                " makes, and the namespace's Secret lateen-stores holds those of the stores"
            )
        number, grace, waited = (
            _number(environment, name, default)
            for name, default in (
                (variables.ATTEMPT, 1.0),
                (variables.GRACE, GRACE_SECONDS),
                (variables.WAITED, 0.0),
            )
        )
        return Settings(
            AttemptKey(needed[variables.RUN], needed[variables.STEP], int(number)),
            needed[variables.HOLDER],
            WorkDirectory(Path(needed[variables.WORK]), Path(needed[variables.GIVEN])),
            needed[variables.IMAGE],
            needed[variables.DATABASE_URL],
            needed[variables.STORE_URL],
            grace,
            environment.get(variables.TOLERATE_OOM) == "1",
            waited,
        )


_NEEDED = (
    variables.RUN,
    variables.STEP,
    variables.ATTEMPT,
    variables.HOLDER,
    variables.WORK,
    variables.GIVEN,
    variables.IMAGE,
    variables.DATABASE_URL,
    variables.STORE_URL,
)


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    try:
        return float(text) if text else default
    except ValueError:
        raise SetupError(f"{name}={text!r} is no number") from None
