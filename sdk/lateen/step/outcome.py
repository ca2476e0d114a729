"""How an attempt's user code ended, as execute tells publish."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lateen.domain.errors import ProtocolError
from lateen.domain.states import FailureCause

LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 32_000
LONGEST_OUTCOME = 64 << 20


@dataclass(frozen=True, slots=True)
class SavedOutput:
    """An output whose files lie in the work directory."""

    format: str
    type: str
    materializer: str
    kind: str
    pickled: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "type": self.type,
            "materializer": self.materializer,
            "kind": self.kind,
            "pickled": self.pickled,
            "metadata": dict(self.metadata),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """Success with the outputs that were saved, or the failure."""

    outputs: Mapping[str, SavedOutput] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    cause: FailureCause | None = None
    exception: BaseException | None = field(default=None, compare=False)
    """The exception itself, where the step ran in this process."""

    @property
    def good(self) -> bool:
        return self.error is None

    def to_json(self) -> dict[str, Any]:
        return {
            "outputs": {key: output.to_json() for key, output in self.outputs.items()},
            "error": dict(self.error) if self.error else None,
            "cause": self.cause.value if self.cause else None,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        return Outcome(
            {key: SavedOutput(**output) for key, output in data["outputs"].items()},
            data["error"],
            FailureCause(data["cause"]) if data["cause"] else None,
        )

    @staticmethod
    def read(path: Path) -> Outcome:
        """What the step's own process wrote, of which nothing is taken on trust.

        Raises FileNotFoundError where it wrote none, ProtocolError where it cannot be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                data = json.loads(file.read(LONGEST_OUTCOME))
            return Outcome.from_json(data)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ProtocolError(
                f"how the step ended cannot be read ({type(error).__name__}: {error}); Lateen"
                f" writes {path.name} when the step ends, and the step's code leaves it alone"
            ) from error

    @staticmethod
    def failed(exception: BaseException, cause: FailureCause) -> Outcome:
        """The failure that an exception means; the frames of Lateen itself are left out."""
        return Outcome({}, error_json(exception), cause, exception)


def error_json(exception: BaseException) -> dict[str, Any]:
    """An exception for the catalog: its type, its message, and where it came from."""
    lines = "".join(traceback.format_exception(_without_own_frames(exception)))
    return {
        "type": type(exception).__name__,
        "message": _printable(_text(exception))[:LONGEST_MESSAGE],
        "traceback": _printable(lines)[-LONGEST_TRACEBACK:],
    }


def _text(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # written by the user, like the exception itself
        return "(its message cannot be read: __str__ failed)"


def _without_own_frames(exception: BaseException) -> BaseException:
    frame = exception.__traceback__
    while frame is not None and _own(frame.tb_frame.f_globals.get("__name__", "")):
        frame = frame.tb_next
    return exception.with_traceback(frame) if frame is not None else exception


def _own(module: str) -> bool:
    return module == "lateen" or module.startswith("lateen.")


def _printable(text: str) -> str:
    # Postgres holds neither NUL nor lone surrogates in text.
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
