"""Late binding under races: what attempts found is checked against everything that was committed.

`make nightly` runs more rounds; LATEEN_ROUNDS says how many, LATEEN_SEED repeats what the threads
choose (how they interleave is the machine's).
"""

from __future__ import annotations

import os
import secrets
from contextlib import nullcontext

import psycopg
import pytest

from tests.catalogs.databases import Databases
from tests.races.breakages import BREAKAGES
from tests.races.history import History, Snapshot
from tests.races.race import race

ROUNDS = int(os.environ.get("LATEEN_ROUNDS", "2000"))
SEED = int(os.environ.get("LATEEN_SEED") or secrets.randbits(32))


@pytest.mark.timeout(60 + ROUNDS / 20)
def test_attempts_see_one_snapshot_whatever_happens_beside_them(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    url = databases.make()
    result = race(url, ROUNDS, SEED)
    rounds = sum(result.done[what] for what in ("resolved", "combined", "cached", "missing"))
    with capsys.disabled() if "LATEEN_ROUNDS" in os.environ else nullcontext():
        did = ", ".join(f"{number} {what}" for what, number in sorted(result.done.items()))
        print(f"\n{rounds} rounds in {result.seconds:.1f} s (LATEEN_SEED={SEED}): {did}")
    assert result.violations == [], f"again, as far as chance allows: LATEEN_SEED={SEED}"
    assert rounds >= ROUNDS
    happened = {"resolved", "cached", "promoted", "moved", "fenced", "failed", "taken", "published"}
    assert happened <= set(result.done)
    _check_visibility(url)


def _check_visibility(url: str) -> None:
    """Our reading of a snapshot is the server's."""
    history = History.load(url)
    pairs = [
        (receipt["snapshot"], version["xid"])
        for receipt in history.receipts[:: len(history.receipts) // 50]
        for version in history.versions[:: len(history.versions) // 50]
    ]
    visible = "SELECT pg_visible_in_snapshot(%s::text::xid8, %s::pg_snapshot)"
    with psycopg.connect(url) as connection:
        for snapshot, xid in pairs:
            answer = connection.execute(visible, (xid, snapshot)).fetchone()
            assert answer == (Snapshot.parse(snapshot).sees(xid),)


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_race_notices_that(breakage: str, databases: Databases) -> None:
    told: list[str] = []
    for attempt in range(10):
        told += race(databases.make(), 400, SEED + attempt, breakage).violations
        if any(sign in violation for violation in told for sign in BREAKAGES[breakage].signs):
            return
    pytest.fail(f"it was not noticed; what was: {told[:3]}")
