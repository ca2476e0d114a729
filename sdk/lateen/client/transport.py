"""The way to the catalog: operations by name, JSON in and JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Transport(Protocol):
    """Carries out the named operations of the wire protocol."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation's result; raises whatever error of ``domain.errors`` it ends in."""


_default: Callable[[], Transport] | None = None
# Of the process, not of a context or a thread: a step's threads and forked workers share it.
_entered: list[Transport] = []


def current() -> Transport:
    """The running step's transport, or the default target's where no step runs."""
    if _entered:
        return _entered[-1]
    if _default is None:
        from lateen.domain.errors import SetupError

        raise SetupError("there is no catalog to ask: no target has been set")
    return _default()


def set_transport(factory: Callable[[], Transport]) -> None:
    """Let the factory give the transport that is used where no step runs."""
    global _default  # noqa: PLW0603
    _default = factory


def enter(transport: Transport) -> None:
    """Use the transport until ``leave``, as a step does while it runs."""
    _entered.append(transport)


def leave() -> Transport:
    """Go back to the transport that was used before, and return the one left."""
    return _entered.pop()
