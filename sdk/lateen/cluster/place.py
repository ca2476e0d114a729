"""Which cluster and which namespace: from the environment, the command line and the kubeconfig."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A context of the kubeconfig, and a namespace; None where the kubeconfig is to say it."""

    context: str | None = None
    namespace: str | None = None

    def or_else(self, other: Place) -> Place:
        """This place, and what it leaves open from another one."""
        return Place(self.context or other.context, self.namespace or other.namespace)


def place_of(text: str, contexts: Iterable[str]) -> Place:
    """The place that ``CONTEXT``, ``CONTEXT/NAMESPACE`` or ``/NAMESPACE`` names.

    Names of contexts may hold slashes, too: one of the contexts that exist comes first.
    """
    known = set(contexts)
    context, slash, namespace = text.rpartition("/")
    if not slash or (text in known and context not in known):
        return Place(text or None)
    return Place(context or None, namespace or None)
