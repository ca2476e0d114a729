"""A process that runs one submitted run: ``python -m lateen.local.worker RUN``."""

from __future__ import annotations

import sys

from lateen.local.runner import Runner
from lateen.local.target import default
from lateen.step.entrypoints import chosen_materializers, definition
from lateen.workspace.observer import plain


def main(run: str) -> int:
    """Takes a run up by its id and follows it; 0 whenever it could be followed."""
    target = default()
    record = target.catalog.runs.load(run)
    runner = Runner(
        record,
        lambda step: definition(step.entrypoint or "", record.source, chosen_materializers(step)),
        target.workspace,
        plain,
    )
    runner.follow()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
