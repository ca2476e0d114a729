"""Rules for single names and paths in a podTemplate."""

from __future__ import annotations

import posixpath
from typing import Any

from lateen.domain.names import is_dns_name, shown
from lateen_operator.pods.names import OURS, STORE_SECRET
from lateen_operator.pods.rules import refusal, text

MOUNTS = "/lateen"
_KERNEL_FOLDERS = ("/proc", "/sys", "/dev")
_SHARED_MEMORY = "/dev/shm"


def secret_name(value: Any, path: str) -> None:
    text(value, path)
    if value == STORE_SECRET:
        raise refusal(path, f"not allowed: {STORE_SECRET!r} holds the credentials of the store")


def priority_class(value: Any, path: str) -> None:
    text(value, path)
    if value.startswith("system-"):
        raise refusal(path, "not allowed: classes of the system are for the cluster itself")


def volume_name(value: Any, path: str) -> None:
    text(value, path)
    if not is_dns_name(value) or value.startswith(OURS):
        words = f"a name of small letters, digits and '-' is needed that does not begin with {OURS}"
        raise refusal(path, f"{words}, not {shown(value)}")


def absolute(value: Any, path: str) -> None:
    text(value, path)
    plain = value.startswith("/") and posixpath.normpath(value) == value
    if not plain or value.startswith("//") or ":" in value or not value.isprintable():
        raise refusal(path, "an absolute path without '..', ':' or a '/' at its end is needed")


def mount_path(value: Any, path: str) -> None:
    absolute(value, path)
    if value == "/" or _inside(value, MOUNTS):
        raise refusal(path, f"not allowed: nothing is mounted at / or over {MOUNTS}")
    if value != _SHARED_MEMORY and any(_inside(value, folder) for folder in _KERNEL_FOLDERS):
        raise refusal(path, f"not allowed: of {', '.join(_KERNEL_FOLDERS)} only {_SHARED_MEMORY}")


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def relative(value: Any, path: str) -> None:
    text(value, path)
    if value.startswith("/") or ".." in value.split("/"):
        raise refusal(path, "a relative path without '..' is needed")


def variable(value: Any, path: str) -> None:
    text(value, path)
    if value.startswith("LATEEN_") or value == "PYTHONPATH":
        raise refusal(path, f"not allowed: {value} is Lateen's own; choose another name")
