"""What an installation decides: arguments, environment variables, defaults."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lateen.domain.durations import duration_text, seconds
from lateen.domain.errors import LateenError, SetupError

NEVER = "never"


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen about an operator."""

    image: str
    namespaces: tuple[str, ...] = ()
    """The workspaces to serve; none named is all."""
    own_namespace: str = "lateen-system"
    identity: str = "operator"
    workers: int = 4
    listen: str = "0.0.0.0:8080"
    relist: float = 300.0
    poll: float = 15.0
    pod_ttl: float | None = 600.0
    run_ttl: float | None = None
    step_limit: int | None = None
    start_timeout: float = 1800.0
    grace: float = 600.0
    user: int | None = 65532
    pull_policy: str = "IfNotPresent"
    priority_class: str | None = None
    election: bool = True
    log_level: str = "INFO"

    @property
    def holder(self) -> str:
        """Who writes for attempts that have no Pod."""
        return f"operator/{self.identity}"


def read_settings(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a command line and an environment; ends the process where they are wrong."""
    parser = _parser(environment)
    try:
        given = vars(parser.parse_args(arguments))
        return Settings(**given)
    except SetupError as error:
        parser.error(str(error))


@dataclass(frozen=True, slots=True)
class _Option:
    flag: str
    variable: str
    read: Callable[[str], Any]
    default: str
    help: str


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lateen_operator",
        description="Runs pipelines: watches Runs, makes a Pod of each step, shows how they stand."
        " Every option can be given as the environment variable that stands behind it.",
    )
    for option in _OPTIONS:
        name = option.flag.lstrip("-").replace("-", "_")
        default = environment.get(option.variable) or option.default
        shown = f" (default: {option.default})" if option.default else ""
        parser.add_argument(
            option.flag,
            dest=name,
            type=_reading(option),
            default=default or (None if option.read is not _names else ()),
            required=option.flag == "--image" and not default,
            metavar=option.variable,
            help=f"{option.help}{shown}",
        )
    return parser


def _reading(option: _Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.read(text)
        except (LateenError, ValueError) as error:
            raise SetupError(f"{option.flag} ({option.variable}): {error}") from None

    return read


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.replace(",", " ").split() if name)


def _count(text: str) -> int:
    count = int(text) if text.isdecimal() else 0
    if count < 1:
        raise ValueError(f"{text!r} is no number from 1 on")
    return count


def _user(text: str) -> int | None:
    if text == "unset":
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{text!r} is no user that is not root; write a number, or `unset`")
    return int(text)


def _span(text: str) -> float:
    span = seconds(float(text) if text.isdecimal() else text)
    if span <= 0:
        raise ValueError(f"{text!r} is no time to wait")
    return span


def _ttl(text: str) -> float | None:
    return None if text == NEVER else seconds(float(text) if text.isdecimal() else text)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError(f"{text!r} is neither `on` nor `off`")
    return text == "on"


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return read


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return text


_OPTIONS = (
    _Option("--image", "LATEEN_IMAGE", str, "", "Lateen's image, for the containers beside steps"),
    _Option(
        "--namespaces",
        "LATEEN_NAMESPACES",
        _names,
        "",
        "the namespaces to serve, separated by commas; all where it is empty",
    ),
    _Option(
        "--own-namespace",
        "POD_NAMESPACE",
        str,
        Settings.own_namespace,
        "where the Lease of the leader lies",
    ),
    _Option("--identity", "POD_NAME", str, socket.gethostname(), "this replica's name"),
    _Option("--workers", "LATEEN_WORKERS", _count, "4", "how many Runs are worked on at once"),
    _Option(
        "--listen", "LATEEN_LISTEN", _address, Settings.listen, "for /healthz, /readyz and /metrics"
    ),
    _Option(
        "--relist",
        "LATEEN_RELIST",
        _span,
        duration_text(Settings.relist),
        "how often everything is listed anew, in case a watch missed something",
    ),
    _Option(
        "--poll",
        "LATEEN_POLL",
        _span,
        duration_text(Settings.poll),
        "how often a Run is looked at without a reason",
    ),
    _Option(
        "--pod-ttl",
        "LATEEN_POD_TTL",
        _ttl,
        "10m",
        f"how long a finished Pod stays, or `{NEVER}` for as long as its Run",
    ),
    _Option(
        "--run-ttl",
        "LATEEN_RUN_TTL",
        _ttl,
        NEVER,
        "how long a finished Run stays in the cluster; the catalog keeps its history",
    ),
    _Option(
        "--step-limit",
        "LATEEN_STEP_LIMIT",
        _count,
        "",
        "how many steps of a namespace run at once, unless its annotation"
        " lateen.dev/step-limit says otherwise; without it any number",
    ),
    _Option(
        "--start-timeout",
        "LATEEN_START_TIMEOUT",
        _span,
        duration_text(Settings.start_timeout),
        "how long a Pod may take until user code begins, unless the step says otherwise",
    ),
    _Option(
        "--grace",
        "LATEEN_GRACE",
        _span,
        duration_text(Settings.grace),
        "how long a step's outputs may take to be stored after its end",
    ),
    _Option(
        "--user",
        "LATEEN_RUN_AS",
        _user,
        str(Settings.user),
        "the user and group of Pods, or `unset` where the platform assigns them",
    ),
    _Option(
        "--pull-policy",
        "LATEEN_PULL_POLICY",
        _one_of("IfNotPresent", "Always", "Never"),
        Settings.pull_policy,
        "of Lateen's image",
    ),
    _Option(
        "--priority-class", "LATEEN_PRIORITY_CLASS", str, "", "the PriorityClass of Pods, if any"
    ),
    _Option("--election", "LATEEN_ELECTION", _switch, "on", "whether replicas elect a leader"),
    _Option(
        "--log-level",
        "LATEEN_LOG_LEVEL",
        _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        Settings.log_level,
        "what is logged",
    ),
)
