"""How an attempt's user code ended, as execute tells publish."""

from __future__ import annotations

import json
import os
import stat
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from lateen.domain.canonical import check_texts
from lateen.domain.errors import LateenError, ProtocolError
from lateen.domain.kinds import ArtifactType
from lateen.domain.states import FailureCause

STEP_DIED, OUT_OF_MEMORY = "StepDied", "OutOfMemory"
"""The types of errors that are no exception of the step's, whoever finds them."""
LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 32_000
LONGEST_OUTCOME = 64 << 20
LONGEST_NAME = 2_000
"""Characters of a type's or a class's name."""
_STANDARD_LIBRARY = os.path.join(os.path.dirname(os.__file__), "")
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_TOLD = {FailureCause.USER, FailureCause.INFRASTRUCTURE}
"""The causes that a step's own process can know."""


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
    def from_json(data: Any) -> Outcome:
        """The outcome that a step's own process told, of which nothing is taken on trust.

        Raises ValueError where it could not have been written by execute.
        """
        outputs = {str(key): _saved(found) for key, found in _dict(data, "outputs").items()}
        if data.get("error") is None:
            return Outcome(outputs)
        cause = FailureCause(data.get("cause"))
        if cause not in _TOLD:
            raise ValueError(f"a step's process cannot tell that it was {cause.value}")
        return Outcome({}, _error(_dict(data, "error")), cause)

    @staticmethod
    def read(path: Path) -> Outcome:
        """What the step's own process wrote.

        Raises FileNotFoundError where it wrote none, ProtocolError where it cannot be read.
        """
        with explained(path):
            return Outcome.from_json(read_told(path))

    @staticmethod
    def failed(exception: BaseException, cause: FailureCause) -> Outcome:
        """The failure that an exception means; the frames of Lateen itself are left out."""
        return Outcome({}, error_json(exception), cause, exception)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Makes whatever is wrong with a file of a step's a ProtocolError, but for its absence."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(
            f"how the step ended cannot be read ({type(error).__name__}: {str(error)[:200]});"
            f" Lateen writes {path.name} when the step ends, and the step's code leaves it alone"
        ) from error


def read_told(path: Path) -> dict[str, Any]:
    """The JSON object in a file that a step wrote; raises what ``explained`` explains."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        text = file.read(LONGEST_OUTCOME + 1)
    if len(text) > LONGEST_OUTCOME:
        raise ValueError(f"it is longer than {LONGEST_OUTCOME:,} bytes")
    data = json.loads(text, parse_constant=_no_number)
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    check_texts(data)
    return data


def _no_number(text: str) -> Any:
    raise ValueError(f"JSON has no {text}")


def _saved(found: Any) -> SavedOutput:
    pickled = found.get("pickled", False)
    if not isinstance(pickled, bool):
        raise ValueError("whether an output is a pickle is true or false")
    return SavedOutput(
        _name(found, "format"),
        _name(found, "type"),
        _name(found, "materializer"),
        ArtifactType(found.get("kind")).value,
        pickled,
        _dict(found, "metadata"),
    )


def _error(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": _name(found, "type"),
        "message": str(found.get("message", ""))[:LONGEST_MESSAGE],
        "traceback": str(found.get("traceback", ""))[-LONGEST_TRACEBACK:],
    }


def _name(found: Any, field: str) -> str:
    text = found.get(field)
    if not isinstance(text, str) or not text or len(text) > LONGEST_NAME:
        raise ValueError(f"{field} is a text of at most {LONGEST_NAME} characters")
    return text


def _dict(found: Any, field: str) -> dict[str, Any]:
    value = found.get(field)
    if not isinstance(value, dict):
        raise ValueError(f"{field} is a JSON object")
    return value


def error_json(exception: BaseException) -> dict[str, Any]:
    """An exception for the catalog: its type, its message, and where it came from.

    What Lateen raises on purpose came from nowhere, unless the user's code was on its way.
    """
    lines = ""
    if not isinstance(exception, LateenError) or _through_users_code(exception):
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


def _through_users_code(exception: BaseException) -> bool:
    """Whether a frame is the user's; an installed library may be, where it called Lateen."""
    if any(_foreign(frame) for frame, _ in traceback.walk_tb(exception.__traceback__)):
        return True
    return any(
        _foreign(frame) and not _installed(frame.f_code)
        for cause in _causes(exception)
        for frame, _ in traceback.walk_tb(cause.__traceback__)
    )


def _causes(exception: BaseException) -> Iterator[BaseException]:
    """What an exception is shown to come from, the last first."""
    seen: set[int] = set()
    cause: BaseException | None = exception
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)
        if cause is not None:
            yield cause


def _foreign(frame: FrameType) -> bool:
    """Whether a frame is neither Lateen's nor of the standard library."""
    file = frame.f_code.co_filename
    standard = file.startswith((_STANDARD_LIBRARY, "<frozen ")) and not _installed(frame.f_code)
    return not standard and not _own(frame.f_globals.get("__name__", ""))


def _installed(code: CodeType) -> bool:
    return not _INSTALLED.isdisjoint(Path(code.co_filename).parts)


def _own(module: str) -> bool:
    return module == "lateen" or module.startswith("lateen.")


def _printable(text: str) -> str:
    # Postgres holds neither NUL nor lone surrogates in text.
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
