"""Where a laptop keeps things: the paths below ``LATEEN_HOME``, and what may point elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lateen.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one laptop's workspace."""

    root: Path
    database_url: str | None = field(default=None, repr=False)
    """A catalog elsewhere, instead of the embedded one."""
    store_url: str | None = None
    """An object store elsewhere, instead of a folder of this one."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> Home:
        """``LATEEN_HOME`` (``~/.lateen``), ``LATEEN_DATABASE_URL``, ``LATEEN_STORE_URL``."""
        root = environment.get("LATEEN_HOME") or "~/.lateen"
        return Home(
            Path(os.path.abspath(os.path.expanduser(root))),
            environment.get("LATEEN_DATABASE_URL") or None,
            environment.get("LATEEN_STORE_URL") or None,
        )

    @property
    def store(self) -> str:
        """Where the blobs are: a path, or a URL for ``lateen.stores.objects.opened``."""
        return self.store_url or str(self.root / "store")

    def prepare(self) -> None:
        """Makes the folder that runs work in; SetupError where nothing can be written there."""
        try:
            self.work.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.work).close()
        except OSError as error:
            raise SetupError(
                f"the workspace lies in {self.root}, and {error.filename or self.work} cannot be"
                f" written ({error.strerror}); set LATEEN_HOME to a folder that user"
                f" {os.geteuid()} can write"
            ) from error

    @property
    def work(self) -> Path:
        """The work directories of attempts that run now."""
        return self.root / "work"

    @property
    def rescued(self) -> Path:
        """Values that could not be saved."""
        return self.root / "rescued"

    @property
    def logs(self) -> Path:
        """What runs print that nobody follows."""
        return self.root / "logs"

    def rescues_of(self, run: str, step: str, n: int) -> Path:
        return self.rescued / run / f"{step}-{n}"
