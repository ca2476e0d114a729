"""Where runs go: the current target, which the package wires in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from lateen.domain.errors import SetupError

if TYPE_CHECKING:  # `import lateen` stays quick
    from lateen.authoring.compiled import CompiledPipeline


class Target(Protocol):
    """Something that runs compiled pipelines: this computer, or a cluster."""

    def run(self, compiled: CompiledPipeline) -> Any:
        """Run it, follow, and return the run's view; RunFailed where it did not succeed."""

    def submit(self, compiled: CompiledPipeline) -> Any:
        """Start it, and return the run's view without waiting."""

    def replay(self, run: str) -> Any:
        """Run a run again with all that it had; the new run's view."""


_factory: Callable[[], Target] | None = None


def set_target(factory: Callable[[], Target]) -> None:
    """Let pipelines run on what ``factory`` gives."""
    global _factory  # noqa: PLW0603 - one target for the process
    _factory = factory


def current_target() -> Target:
    """The target that pipelines run on; SetupError where none is wired in."""
    if _factory is None:
        raise SetupError("there is no target to run on; `import lateen` wires the local one in")
    return _factory()
