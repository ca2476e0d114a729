"""Lines of bounded length for a status, which an API server keeps whole in one object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST_LINE = 300
"""Bytes of a step in the status of a Run: 2,000 of them stay under a megabyte."""
_LONGEST_REASON = 48
_ESCAPED = "<>&\u2028\u2029"
"""What an API server writes as six bytes each."""


def step_line(phase: str, attempts: int, words: Mapping[str, str]) -> dict[str, Any]:
    """A step in a status: ``words`` are its inputs, reason and message, shortened to what fits."""
    fixed: dict[str, Any] = {"phase": phase}
    if attempts:
        fixed["attempts"] = attempts
    if words.get("reason"):
        fixed["reason"] = shortened(words["reason"], _LONGEST_REASON)
    open_ended = {name: words[name] for name in ("inputs", "message") if words.get(name)}
    room = LONGEST_LINE - len(json.dumps(fixed)) - sum(len(name) + 8 for name in open_ended)
    return {**fixed, **_fitted(open_ended, room)}


def _fitted(texts: Mapping[str, str], room: int) -> dict[str, str]:
    """The texts, the shorter one whole where it takes less than its half."""
    fitted: dict[str, str] = {}
    waiting = sorted(texts, key=lambda name: _size(texts[name]))
    while waiting:
        name = waiting.pop(0)
        fitted[name] = shortened(texts[name], room // (len(waiting) + 1))
        room -= _size(fitted[name])
    return {name: fitted[name] for name in texts}


def shortened(text: str, most: int) -> str:
    """As much of a text, in one line, as stays under so many bytes of JSON."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    if _size(line) <= most:
        return line
    kept, size = 0, len("…".encode())
    for character in line:
        size += _size(character)
        if size > most:
            break
        kept += 1
    return line[:kept].rstrip() + "…"


def _size(text: str) -> int:
    """Bytes of a text in the JSON of an API server, without its quotes."""
    written = json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")
    return len(written) - 2 + 5 * sum(text.count(character) for character in _ESCAPED)
