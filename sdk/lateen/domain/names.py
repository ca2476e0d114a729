"""Which names are allowed, and the DNS names that are derived from them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from lateen.domain.errors import InvalidNameError
from lateen.domain.states import ModelStages

LATEST = "latest"
LONGEST_NAME = 255
LONGEST_DNS_NAME = 63

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]*", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_RESERVED = {LATEST, *(stage.value for stage in ModelStages)}


def check_name(name: object, what: str) -> str:
    """The name itself, or InvalidNameError that says what a ``what`` may be called."""
    if not isinstance(name, str):
        raise InvalidNameError(f"{what}: a name is a string, not {type(name).__name__}")
    if len(name) > LONGEST_NAME:
        raise InvalidNameError(
            f"{what} {shown(name)} has {len(name)} characters; at most {LONGEST_NAME} are allowed"
        )
    if not _NAME.fullmatch(name):
        raise InvalidNameError(
            f"{what} {shown(name)}: a name starts with an ASCII letter, a digit or '_' and goes on"
            f" with letters, digits and any of '_ . : + -'; try {suggested(name)!r}"
        )
    return name


def check_version_name(name: str, what: str) -> str:
    """The name of a version, which is neither a number, ``latest`` nor a stage."""
    check_name(name, what)
    if is_number(name):
        raise InvalidNameError(
            f"{what} {name!r}: all-digit names are the numbers that Lateen gives; "
            f"try {'v' + name!r}"
        )
    if name.lower() in _RESERVED:
        raise InvalidNameError(f"{what} {name!r}: this word is reserved; choose another name")
    return name


def is_number(version: str) -> bool:
    """Whether a version as written is the number of one."""
    return _DIGITS.fullmatch(version) is not None


def version_text(version: object) -> str:
    """A version as people write it (``3``, ``"3"``, a stage, a name) as text."""
    if isinstance(version, ModelStages):
        return version.value
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise InvalidNameError(
            f"a version is a number, a name, a stage or 'latest', not {version!r}"
        )
    text = str(version)
    if is_number(text):
        return text.lstrip("0") or "0"
    return check_name(text, "the version")


def dns_name(name: str) -> str:
    """A DNS label derived from a Python name: ``split_data`` becomes ``split-data``."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_DNS_NAME].rstrip("-")
    return label or "x"


def is_dns_name(name: str) -> bool:
    """Whether a name can stand as a DNS label."""
    return len(name) <= LONGEST_DNS_NAME and _DNS_NAME.fullmatch(name) is not None


def suggested(name: str) -> str:
    """The nearest allowed name."""
    cleaned = re.sub(r"[^A-Za-z0-9_.:+-]+", "_", name)[:LONGEST_NAME].lstrip(".:+-")
    return cleaned or "name"


def shown(name: str) -> str:
    """A name for a message: quoted, escaped, cut to what a line holds."""
    return repr(name if len(name) <= 60 else name[:57] + "...")


def nearest(wanted: str, existing: Iterable[str], count: int = 3) -> list[str]:
    """The existing names most like the wanted one, best first."""
    return difflib.get_close_matches(wanted, list(existing), n=count, cutoff=0.5)


def did_you_mean(wanted: str, existing: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or what exists, or nothing: the tail of a message."""
    names = list(existing)
    close = nearest(wanted, names)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    if names:
        return f"; there is {', '.join(map(repr, sorted(names)[:5]))}"
    return ""
