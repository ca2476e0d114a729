"""Runs the operator: ``python -m lateen_operator --help``."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from lateen.domain.errors import LateenError

_NEEDED = ("kopf", "kubernetes", "minio", "prometheus_client", "psycopg", "urllib3")


def main() -> int:
    """Runs until it is told to stop."""
    if not all(map(find_spec, _NEEDED)):
        print(
            "the operator needs the extra operator: pip install 'lateen[operator]'",
            file=sys.stderr,
        )
        return 2
    from lateen_operator.logs import log, set_up
    from lateen_operator.operator import Operator
    from lateen_operator.settings import read_settings

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
