"""What the materializers that come with Lateen share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lateen.domain.errors import MaterializerError
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.classes import Resolver
from lateen.materializers.saved import Saved


def _no_resolver(_name: str) -> None:
    return None


def _no_nesting(*_arguments: Any) -> Any:
    raise MaterializerError("this format holds no nested artifacts")


@dataclass(frozen=True, slots=True)
class Nesting:
    """How a container saves and loads the values inside it that need files of their own."""

    save: Callable[[Any, Path], Saved] = _no_nesting
    """Saves a value into a directory."""
    load: Callable[[Path, dict[str, Any]], Any] = _no_nesting
    """Loads a value from a directory, by the format and names recorded for it."""
    resolver: Resolver = _no_resolver
    """Finds the classes that the caller trusts by their names."""


class BuiltIn(BaseMaterializer):
    """A materializer of Lateen's own; not registered, so that users' registrations come first."""

    FORMAT: ClassVar[str]
    """The name of the layout in an artifact's record."""
    MODULES: ClassVar[tuple[str, ...]] = ()
    """The third-party modules that it imports."""

    def __init__(self, uri: str | os.PathLike[str], nesting: Nesting | None = None) -> None:
        super().__init__(uri)
        self.directory = Path(uri)
        self.nesting = nesting or Nesting()
        self.format = self.FORMAT
        self.pickled = False
        self.short = 0
        """How many bytes ``document`` may have."""
        self.document: str | None = None
        """The one file's text, where it is so short that no file was written."""
