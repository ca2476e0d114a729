"""The operating system's user that the server runs as."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from lateen.domain.errors import SetupError

UNPRIVILEGED = "nobody"


class Identity(TypedDict, total=False):
    """What ``subprocess`` is told to run a command as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group; ``switched`` where that is not who we are."""

    uid: int
    gid: int
    switched: bool

    @classmethod
    def current(cls) -> Account:
        """Return ourselves, or ``nobody`` where we are root, whom PostgreSQL refuses."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), switched=False)
        import pwd

        try:
            entry = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise SetupError(
                f"PostgreSQL refuses to run as root, and there is no user {UNPRIVILEGED} to run it "
                "as. Run Lateen as an ordinary user"
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, switched=True)

    @property
    def identity(self) -> Identity:
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, directory: Path) -> bool:
        """Tell whether this user may pass through the directory and all above it."""
        return not self.switched or all(
            self._passes(each.stat()) for each in (directory, *directory.parents)
        )

    def _passes(self, entry: os.stat_result) -> bool:
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & 0o100)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & 0o010)
        return bool(entry.st_mode & 0o001)

    def make_private(self, directory: Path) -> None:
        """Make a directory that only this user, and root, may enter."""
        directory.mkdir(mode=0o700, parents=False, exist_ok=True)
        if not self.switched:
            return
        try:
            os.chown(directory, self.uid, self.gid)
        except OSError as error:
            raise SetupError(
                f"as root the database has to run as {UNPRIVILEGED}, but {directory} cannot be "
                f"given to that user: {error.strerror}. Run Lateen as an ordinary user"
            ) from error
