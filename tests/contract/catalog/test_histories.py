"""Random histories on a real catalog, beside a small model of what must come out.

LATEEN_OPERATIONS is how many acts (`make nightly`: 100,000), LATEEN_SEED repeats them; each act is
a function of the seed alone.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.databases import Databases, emptier
from tests.model.machine import Histories

OPERATIONS = int(os.environ.get("LATEEN_OPERATIONS", "2000"))
SEED = int(os.environ.get("LATEEN_SEED") or secrets.randbits(32))
ACTS = 50
"""Of one history."""
MEMORY = Path("/dev/shm")


@pytest.mark.timeout(600 + OPERATIONS / 5)
def test_any_history_comes_out_as_the_model_says(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    url = databases.make()
    again = f"LATEEN_SEED={SEED} LATEEN_OPERATIONS={OPERATIONS} pytest {__file__}"
    root = MEMORY if MEMORY.is_dir() else None
    with (
        psycopg.connect(url, autocommit=True) as connection,
        tempfile.TemporaryDirectory(dir=root) as folder,
    ):
        Histories.catalog, Histories.connection = Catalog(url), connection
        Histories.empty = staticmethod(emptier(connection))
        Histories.folder = Path(folder)
        try:
            _play()
        except Exception as error:
            error.add_note(f"again: {again}")
            raise
        finally:
            Histories.catalog.close()
    with capsys.disabled() if "LATEEN_OPERATIONS" in os.environ else nullcontext():
        did = ", ".join(f"{number} {what}" for what, number in sorted(Histories.done.items()))
        print(f"\n{Histories.operations} acts ({again}): {did}")


def _play() -> None:
    """Histories until enough was done; a failing one is made as short as it goes."""
    phases = (Phase.generate, Phase.shrink)
    number = 0
    while Histories.operations < OPERATIONS:
        seeded = seed(SEED + number)(type("Histories", (Histories,), {}))
        run_state_machine_as_test(
            seeded,
            settings=settings(
                max_examples=max(1, min(200, OPERATIONS // ACTS)),
                stateful_step_count=ACTS,
                database=None,
                phases=phases,
                print_blob=False,
                report_multiple_bugs=False,
            ),
        )
        number += 1
