"""The options that say where a pipeline is to run: here, or in which place of which cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import click

from lateen import targets
from lateen.cluster.place import Place


@dataclass(frozen=True, slots=True)
class Way:
    """Where a pipeline is to run, and how."""

    target: str | None
    """As for ``LATEEN_TARGET``; None where that is to say it."""
    place: Place
    isolated: bool = False

    @property
    def in_cluster(self) -> bool:
        """Whether a cluster runs it."""
        return targets.kind(self.target) == targets.CLUSTER


def way_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--target``, ``--context``, ``--namespace`` and ``--isolated``: the command's ``way``."""

    @wraps(command)
    def call(*arguments: Any, way: Way, isolated: bool, **options: Any) -> None:
        if way.in_cluster and isolated:
            raise click.UsageError("--isolated is for runs here; in a cluster every step is")
        command(*arguments, way=replace(way, isolated=isolated), **options)

    isolated = click.option(
        "--isolated",
        is_flag=True,
        help="Run each step in a process of its own, here; one that crashes fails alone.",
    )
    return target_options(isolated(call))


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--target``, ``--context`` and ``--namespace``: the command's ``way``."""

    @wraps(command)
    def call(*arguments: Any, target: str | None, place: Place, **options: Any) -> None:
        way = Way(target, place)
        if place != Place() and not way.in_cluster:
            raise click.UsageError("--context and --namespace go with --target cluster")
        command(*arguments, way=way, **options)

    named = click.option(
        "--target",
        metavar="TARGET",
        help="local, cluster or cluster:CONTEXT/NAMESPACE; else LATEEN_TARGET says it.",
    )
    return named(place_options(call))


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--context`` and ``--namespace``, which the command takes as its ``place``."""

    @wraps(command)
    def call(*arguments: Any, context: str | None, namespace: str | None, **options: Any) -> None:
        command(*arguments, place=Place(context, namespace), **options)

    named = click.option("--context", help="Of the kubeconfig; its current one otherwise.")
    within = click.option("-n", "--namespace", help="Of the cluster; the context's otherwise.")
    return named(within(call))
