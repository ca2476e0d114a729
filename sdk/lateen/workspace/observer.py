"""Who is told how a run goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]
"""``kind`` is run-started, run-unnoticed, run-swept, run-waiting, run-paused, step-started,
step-waiting, step-retried, step-finished, step-skipped or run-finished; with it come ``run``,
``namespace``, ``step``, ``status``, ``cached``, ``seconds``, ``message``, ``again``, ``index``,
``total`` and ``inputs`` where they apply; ``again`` is what ``retrial_words`` gives."""
Observer = Callable[[Event], None]


def default_observer() -> Observer:
    """Plain lines at a terminal; silence elsewhere, unless ``LATEEN_PROGRESS`` says otherwise."""
    wanted = os.environ.get("LATEEN_PROGRESS")
    if wanted == "none" or (not wanted and not sys.stderr.isatty()):
        return silent
    return plain


def silent(event: Event) -> None:
    """Tells nobody."""


def plain(event: Event) -> None:
    """A line on stderr for each thing that happened."""
    line = line_of(event)
    if line:
        print(line, file=sys.stderr, flush=True)


def line_of(event: Event) -> str | None:
    """The line for an event; None where there is nothing to say."""
    match event["kind"]:
        case "run-started":
            namespace = event.get("namespace")
            return f"run {event['run']}{f' in the namespace {namespace}' if namespace else ''}"
        case "run-unnoticed" | "run-waiting" if event["message"]:
            return f"run {event['run']}: {event['message']}"
        case "run-swept":
            return f"run {event['run']}: {event['status']}: {event['message']}"
        case "run-paused":
            return f"run {event['run']}: {event['status']}"
        case "step-retried":
            message = f": {event['message']}" if event["message"] else ""
            place = f"[{event['index']}/{event['total']}]"
            return f"  {place} {event['step']}: {event['again']}{message}"
        case "step-waiting" | "step-finished" | "step-skipped":
            place = f"[{event['index']}/{event['total']}]"
            took = f" {event['seconds']:.2f} s" if event.get("seconds") is not None else ""
            inputs = f"  {event['inputs']}" if event.get("inputs") else ""
            message = f"  {event['message']}" if event.get("message") else ""
            return f"  {place} {event['step']}: {event['status']}{took}{inputs}{message}"
        case "run-finished":
            return f"run {event['run']}: {event['status']} ({event['seconds']:.2f} s)"
    return None
