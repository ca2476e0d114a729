"""Whether this computer works with the catalog and the store of the namespace it submits to."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lateen.cluster.server import Server
from lateen.domain.errors import UserError
from lateen.step.variables import DATABASE_URL, STORE_URL

SECRET = "lateen-stores"
PERHAPS_OTHERS = (
    f"perhaps {DATABASE_URL} and {STORE_URL} here are not those of the namespace {{namespace!r}}:"
    f" set them to what its Secret {SECRET} holds, as this computer reaches it"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A variable that names one place here, and another one in the namespace's Secret."""

    variable: str
    what: str
    here: str
    there: str

    def __str__(self) -> str:
        return (
            f"{self.variable} here names the {self.what} {self.here!r}, there it is {self.there!r}"
        )


def warn_of_stores(server: Server) -> None:
    """Says on stderr where the namespace's Secret names others than the environment.

    Only a warning: a pooler may give a database another name. Whoever may not read the Secret
    learns it from the run.
    """
    try:
        words = other_stores(server)
    except UserError:
        return
    if words:
        print(f"warning: {words}", file=sys.stderr)


def other_stores(server: Server) -> str:
    """Which others the namespace's Secret names than the environment, and what to do; or nothing.

    Raises UserError where the Secret may not be read, or there is none.
    """
    other = differing(_decoded(server.secret(SECRET)), os.environ)
    if not other:
        return ""
    return (
        f"{'; '.join(map(str, other))} (the Secret {SECRET} of the namespace"
        f" {server.namespace!r} of {server.login.context!r}). Unless both lead to the same"
        " place, a run there does not find what is uploaded from here: then set it to what"
        " that Secret holds, as this computer reaches it, or name the namespace that it"
        " belongs to with -n"
    )


def differing(held: Mapping[str, str], environment: Mapping[str, str]) -> list[Difference]:
    """Where the environment names another database, or another place in S3, than a Secret.

    Hosts are not compared: a computer may reach the same servers by other names, or a tunnel.
    """
    return [
        Difference(name, what, here, there)
        for name, what, part in (
            (DATABASE_URL, "database", _database),
            (STORE_URL, "bucket and prefix", _place),
        )
        if (there := part(held.get(name, ""))) and (here := part(environment.get(name, "")))
        if here != there
    ]


def _database(url: str) -> str:
    return _path(url, ("postgresql", "postgres"))


def _place(url: str) -> str:
    """The bucket and the prefix."""
    return _path(url, ("s3",), host=True)


def _path(url: str, schemes: tuple[str, ...], *, host: bool = False) -> str:
    """The path of a URL, of these schemes alone; nothing where it cannot be read."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    # Behind a password with a slash in it, the rest of the password would be taken for a path.
    if parts.scheme not in schemes or "@" in parts.path:
        return ""
    return (f"{parts.hostname}/" if host else "") + unquote(parts.path).strip("/")


def _decoded(held: Mapping[str, str]) -> dict[str, str]:
    try:
        return {name: base64.b64decode(text).decode() for name, text in held.items()}
    except ValueError:
        return {}
