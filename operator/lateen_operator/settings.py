"""What an installation decides: arguments, environment variables, defaults."""

from __future__ import annotations

import argparse
import math
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lateen.domain.durations import duration_text, seconds
from lateen.domain.errors import LateenError, SetupError
from lateen.domain.quantities import CPU, MEMORY, bytes_of
from lateen_operator.pods.settings import PodSettings

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
    unreachable: float = 300.0
    container_cpu: str = "50m"
    container_memory: str = "96Mi"
    container_memory_limit: str = "512Mi"
    user: int | None = 65532
    pull_policy: str = "IfNotPresent"
    priority_class: str | None = None
    allowed_labels: tuple[str, ...] = ()
    election: bool = True
    log_level: str = "INFO"

    @property
    def holder(self) -> str:
        """Who writes for attempts that have no Pod."""
        return f"operator/{self.identity}"

    def of_pods(self, server_minor: tuple[int, int]) -> PodSettings:
        """What of it concerns the Pods of steps, on an API server of that version."""
        return PodSettings(
            image=self.image,
            server_minor=server_minor,
            run_as_user=self.user,
            fs_group=self.user,
            grace=self.grace,
            start_timeout=self.start_timeout,
            unreachable=math.ceil(self.unreachable),
            image_pull_policy=self.pull_policy,
            priority_class=self.priority_class,
            allowed_labels=self.allowed_labels,
            container_cpu=self.container_cpu,
            container_memory=self.container_memory,
            container_memory_limit=self.container_memory_limit,
        )


def read_settings(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a command line and an environment; ends the process where they are wrong."""
    parser = _parser(environment)
    try:
        settings = Settings(**vars(parser.parse_args(arguments)))
        _check_memory(settings)
        return settings
    except SetupError as error:
        parser.error(str(error))


def _check_memory(settings: Settings) -> None:
    """SetupError where the API server would refuse every Pod."""
    asked, most = settings.container_memory, settings.container_memory_limit
    if (bytes_of(asked) or 0) > (bytes_of(most) or 0):
        raise SetupError(
            f"--container-memory (LATEEN_CONTAINER_MEMORY) is {asked}, more than"
            f" --container-memory-limit (LATEEN_CONTAINER_MEMORY_LIMIT), which is {most}"
        )


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


def _quantity(allowed: re.Pattern[str], example: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not allowed.fullmatch(text):
            raise ValueError(f"{text!r} is no quantity; write it like {example}")
        return text

    return read


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
        "--unreachable",
        "LATEEN_UNREACHABLE",
        _span,
        duration_text(Settings.unreachable),
        "how long a Pod stays bound to a node that cannot be reached, unless the step says"
        " otherwise by a toleration",
    ),
    _Option(
        "--container-cpu",
        "LATEEN_CONTAINER_CPU",
        _quantity(CPU, "50m"),
        Settings.container_cpu,
        "the CPU that each of Lateen's own containers in a step's Pod requests; they have no limit"
        " of it, which would make every start slow",
    ),
    _Option(
        "--container-memory",
        "LATEEN_CONTAINER_MEMORY",
        _quantity(MEMORY, "96Mi"),
        Settings.container_memory,
        "the memory that each of them requests",
    ),
    _Option(
        "--container-memory-limit",
        "LATEEN_CONTAINER_MEMORY_LIMIT",
        _quantity(MEMORY, "512Mi"),
        Settings.container_memory_limit,
        "the memory that each of them may use",
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
    _Option(
        "--allowed-labels",
        "LATEEN_ALLOWED_LABELS",
        _names,
        "",
        "what a podTemplate may set as labels and annotations beside user.lateen.dev/*, separated"
        " by commas: keys, or patterns such as cost.example.com/*",
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
