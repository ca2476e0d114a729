"""The directory for what ``nobody`` has to reach and could not below root's home."""

from __future__ import annotations

from pathlib import Path

from lateen.domain.errors import SetupError

from .account import Account

OUTSIDE = Path("/var/lib/lateen")


def provide(account: Account) -> Path:
    """Make the directory where it is missing; SetupError where it does not serve."""
    try:
        OUTSIDE.mkdir(parents=True)
        OUTSIDE.chmod(0o755)
    except FileExistsError:
        pass
    except OSError as error:
        raise SetupError(_advice(f"{OUTSIDE} cannot be made: {error.strerror}")) from error
    if not account.reaches(OUTSIDE):
        raise SetupError(_advice(f"{OUTSIDE} is out of its reach too"))
    return OUTSIDE


def _advice(found: str) -> str:
    return (
        "as root the database has to run as user nobody, who cannot enter LATEEN_HOME, and "
        f"{found}. Set LATEEN_HOME to a directory that all users can pass through, or run Lateen "
        "as an ordinary user"
    )
