"""A run as a table that follows it in the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lateen.cli.times import precise
from lateen.workspace.observer import Event, Observer, line_of

_MARKS = {
    "Succeeded": ("✓", "green"),
    "Cached": ("✓", "green"),
    "Failed": ("✗", "red"),
    "Cancelled": ("✗", "magenta"),
    "Skipped": ("-", "bright_black"),
    "Waiting": ("…", "yellow"),
}


@dataclass
class Line:
    """One step as far as it has come."""

    step: str
    status: str = "Running"
    seconds: float | None = None
    note: str = ""
    began: float = field(default_factory=time.monotonic)


class RunTable:
    """What is shown of a run; rich asks for it a few times a second."""

    def __init__(self) -> None:
        self.title = ""
        self.total = 0
        self.end: Text | None = None
        self._lines: dict[str, Line] = {}
        self._spinners: dict[str, Spinner] = {}

    def observe(self, event: Event) -> None:
        """Take in what happened."""
        match event["kind"]:
            case "run-started":
                self.title = line_of(event) or ""
            case "run-unnoticed" | "run-waiting":
                self.end = Text(event["message"], "yellow")
            case "step-started":
                self.end = None
                self._lines[event["step"]] = Line(event["step"])
            case "step-retried":
                note = f"{event['again']}: {event['message']}"
                self._note({**event, "status": "Waiting", "message": note})
            case "step-waiting" | "step-finished" | "step-skipped":
                self._note(event)
            case "run-finished":
                self._end(event)
        self.total = event.get("total") or self.total

    def _note(self, event: Event) -> None:
        line = self._lines.setdefault(event["step"], Line(event["step"]))
        line.status = event["status"]
        line.seconds = event.get("seconds")
        line.note = event.get("message") or event.get("inputs") or ""

    def _end(self, event: Event) -> None:
        _, colour = _MARKS.get(event["status"], ("", ""))
        took = f" in {precise(event['seconds'])}" if event.get("seconds") is not None else ""
        self.end = Text(f"{event['status']}{took}", style=colour)

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for line in self._lines.values():
            table.add_row(*self._cells(line))
        heading = Text(self.title, style="bold")
        return Group(heading, table, *([self.end] if self.end is not None else []))

    def _cells(self, line: Line) -> list[RenderableType]:
        if line.status == "Running":
            spinner = self._spinners.setdefault(line.step, Spinner("dots"))
            took = precise(time.monotonic() - line.began)
            return [spinner, Text(line.step), Text("Running", "blue"), Text(took), Text("")]
        mark, colour = _MARKS.get(line.status, (" ", ""))
        took = "" if line.seconds is None else precise(line.seconds)
        note = Text(line.note, style="dim", overflow="ellipsis", no_wrap=True)
        return [
            Text(mark, colour),
            Text(line.step),
            Text(line.status, colour),
            Text(took),
            note,
        ]


@contextmanager
def live(console: Console | None = None) -> Iterator[Observer]:
    """An observer whose table stays on stderr while the run goes on, and as it ended."""
    table = RunTable()
    # What steps print goes where it went before; a debugger's prompt too.
    with Live(
        table,
        console=console or Console(stderr=True),
        refresh_per_second=8,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as shown:

        def observe(event: Event) -> None:
            table.observe(event)
            shown.refresh()

        yield observe
