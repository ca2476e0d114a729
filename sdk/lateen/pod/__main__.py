"""``python -m lateen.pod resolve`` and ``python -m lateen.pod publish``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from lateen.domain.errors import Fenced, LateenError, TemporaryError
from lateen.pod.settings import Settings
from lateen.step.variables import FENCED, TEMPORARY


def main(arguments: list[str]) -> int:
    """Does one phase of the attempt that the environment names; how a container ends with it."""
    try:
        if arguments == ["resolve"]:
            from lateen.pod.resolve import resolve

            return resolve(Settings.of(os.environ))
        if arguments == ["publish"]:
            from lateen.pod.publish import publish

            return publish(Settings.of(os.environ))
    except Fenced as error:
        print(f"fenced: {error}", file=sys.stderr)
        return FENCED
    except TemporaryError as error:
        print(f"for now: {error}", file=sys.stderr)
        return TEMPORARY
    except LateenError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print("usage: python -m lateen.pod resolve|publish", file=sys.stderr)
    return 2


def leave(code: int) -> NoReturn:
    """Ends the process at once: the interpreter would take a tenth of its life to tidy up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
