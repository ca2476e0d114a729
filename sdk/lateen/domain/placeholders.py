"""``{date}`` and ``{time}`` in the names of artifacts, fixed once per run, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lateen.domain.errors import InvalidNameError

FORMATS = {"date": "%Y_%m_%d", "time": "%H_%M_%S_%f"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str) -> tuple[str, ...]:
    """The names between braces; InvalidNameError for one that is not known."""
    found = tuple(_PLACEHOLDER.findall(template))
    for name in found:
        if name not in FORMATS:
            known = " and ".join(f"{{{known}}}" for known in FORMATS)
            raise InvalidNameError(
                f"{template!r}: the placeholder {{{name}}} is not known; there are {known}"
            )
    return found


def rendered(template: str, run_created_at: datetime) -> str:
    """The template with its placeholders as they are for a run created then.

    Raises InvalidNameError for a placeholder that is not known.
    """
    placeholders(template)
    moment = run_created_at.astimezone(UTC)
    return _PLACEHOLDER.sub(lambda match: moment.strftime(FORMATS[match[1]]), template)
