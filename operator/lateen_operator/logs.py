"""Logs as JSON lines, with run and step where there are any, and without secrets."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from lateen.domain.errors import ClusterRefused, SetupError, TemporaryError

FIELDS = ("namespace", "run", "uid", "step", "attempt", "pod", "seconds")
"""What a record may carry beside its message: ``log.info("...", extra={"run": ...})``."""
_LOUD = {
    "kopf": logging.WARNING,
    "kopf._core.reactor.running": logging.ERROR,
    "aiohttp": logging.WARNING,
    "urllib3": logging.ERROR,
}

log = logging.getLogger("lateen")


def set_up(level: str) -> None:
    """Sends all logs of this process to its standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in _LOUD.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))


def tell(message: str, error: Exception, **fields: str) -> None:
    """Logs what failed: what others have to mend, or passes, in a line, else with a traceback."""
    if isinstance(error, (TemporaryError, ClusterRefused, SetupError)):
        log.warning("%s: %s", message, error, extra=fields)
    else:
        log.error(message, exc_info=error, extra=fields)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.name != log.name:
            line["from"] = record.name
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
