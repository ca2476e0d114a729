"""Where one home keeps its server's files, and whose they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lateen.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of one home's server; ``cluster`` is the server's user's, all else is ours."""

    home: Path

    @classmethod
    def of(cls, home: Path) -> Place:
        """Return the place of a home, which may be given as a relative path."""
        return cls(home.expanduser().absolute())

    @property
    def directory(self) -> Path:
        return self.home / "postgres"

    @property
    def cluster(self) -> Path:
        """A link to the server's own directory, here or where the server can reach it."""
        return self.directory / "cluster"

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def use_lock(self) -> Path:
        """Shared by every process that uses the server, for its life."""
        return self.directory / "use.lock"

    @property
    def start_lock(self) -> Path:
        """Held while the server is started or stopped."""
        return self.directory / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper for its life."""
        return self.directory / "keeper.lock"

    def version(self) -> str | None:
        """Return PostgreSQL's major version that the data belongs to, if there is data."""
        try:
            return (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return None

    def exists(self) -> bool:
        """Tell whether the home has a server's files; SetupError where they are another user's."""
        try:
            owner = self.directory.stat().st_uid
        except (FileNotFoundError, NotADirectoryError):
            return False
        if owner != os.geteuid():
            raise SetupError(_belongs_to_another(self.directory, owner))
        return True

    def prepare(self) -> None:
        """Make the directory; only root's may be passed through, since the server is ``nobody``."""
        if not self.exists():
            mode = 0o711 if os.geteuid() == 0 else 0o700
            self.directory.mkdir(mode=mode, parents=True, exist_ok=True)


def _belongs_to_another(directory: Path, owner: int) -> str:
    return (
        f"the laptop's database in {directory} belongs to {_user(owner)}, and this process runs as "
        f"{_user(os.geteuid())}. Run as {_user(owner)}, or set LATEEN_HOME to a directory of your "
        "own"
    )


def _user(uid: int) -> str:
    import pwd

    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
