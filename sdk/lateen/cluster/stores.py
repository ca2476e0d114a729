"""Whether this computer works with the catalog and the store of the namespace it submits to."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from lateen.cluster.server import Server
from lateen.domain.errors import SetupError, UserError
from lateen.step.variables import DATABASE_URL, STORE_URL

SECRET = "lateen-stores"
PERHAPS_OTHERS = (
    f"perhaps {DATABASE_URL} and {STORE_URL} here are not those of the namespace {{namespace!r}}:"
    f" set them to what its Secret {SECRET} holds, as this computer reaches it"
)


def check_stores(server: Server) -> None:
    """SetupError where the namespace's Secret names others than the environment.

    Whoever may not read the Secret learns it from the run.
    """
    try:
        held = server.secret(SECRET)
    except UserError:
        return
    other = differing(_decoded(held), os.environ)
    if other:
        raise SetupError(
            f"{' and '.join(other)} here name another database or bucket than the Secret {SECRET}"
            f" of the namespace {server.namespace!r} of {server.login.context!r}: a run there would"
            " not find what is uploaded from here. Set them to what that Secret holds, as this"
            " computer reaches it, or name the namespace that they belong to with -n"
        )


def differing(held: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """The variables that name another database, or another place in S3, than a Secret does.

    Hosts are not compared: a computer may reach the same servers by other names, or a tunnel.
    """
    return [
        name
        for name, part in ((DATABASE_URL, _database), (STORE_URL, _place))
        if (one := part(held.get(name, ""))) and (two := part(environment.get(name, "")))
        if one != two
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
    if parts.scheme not in schemes:
        return ""
    return (f"{parts.hostname}/" if host else "") + parts.path.strip("/")


def _decoded(held: Mapping[str, str]) -> dict[str, str]:
    try:
        return {name: base64.b64decode(text).decode() for name, text in held.items()}
    except ValueError:
        return {}
