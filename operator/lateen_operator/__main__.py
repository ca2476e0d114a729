"""Runs the operator: ``python -m lateen_operator --help``."""

from __future__ import annotations

import sys

from lateen.domain.errors import LateenError
from lateen_operator.logs import log, set_up
from lateen_operator.operator import Operator
from lateen_operator.settings import read_settings


def main() -> int:
    """Runs until it is told to stop."""
    settings = read_settings()
    set_up(settings.log_level)
    try:
        Operator(settings).run()
    except LateenError as error:
        log.error("the operator cannot start: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
