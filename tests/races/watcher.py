"""Somebody who looks at the catalog all the time, and notices what must never be seen."""

from __future__ import annotations

import threading

from lateen.stores.catalog.connections import Connection, connect
from tests.races.specs import DATA, FREE, NOISE, PAIRED, WEIGHTS

WATCHER = "watcher"
NUMBERS = """
SELECT v.number FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id
 WHERE a.name = %(name)s AND v.number > %(last)s - 100 ORDER BY v.number
"""
HOLDERS = """
SELECT count(*) AS holders FROM models m JOIN model_version_states s ON s.model_id = m.id
 WHERE m.name = %(name)s AND s.stage = %(stage)s
"""


def watch(url: str, over: threading.Event) -> list[str]:
    """What was seen that must not be: gaps in the numbers, numbers gone, two in one stage."""
    seen: dict[str, list[int]] = {DATA: [], NOISE: [], WEIGHTS: []}
    wrong: list[str] = []
    with connect(url) as connection:
        while not over.is_set() and not wrong:
            for artifact, before in seen.items():
                now = _numbers(connection, artifact, before)
                wrong += _compared(artifact, before, now)
                seen[artifact] = now
            wrong += _crowded(connection)
    if wrong:
        over.set()
    return wrong


def _numbers(connection: Connection, artifact: str, before: list[int]) -> list[int]:
    last = before[-1] if before else 0
    rows = connection.execute(NUMBERS.encode(), {"name": artifact, "last": last}).fetchall()
    return [row["number"] for row in rows]


def _compared(artifact: str, before: list[int], now: list[int]) -> list[str]:
    if now and now != list(range(now[0], now[-1] + 1)):
        return [f"{artifact}: a reader sees a gap in {now}"]
    if before and (not now or now[-1] < before[-1]):
        return [f"{artifact}: latest went back from {before[-1]} to {now[-1:]}"]
    return []


def _crowded(connection: Connection) -> list[str]:
    wrong = []
    for model in (PAIRED, FREE):
        for stage in ("staging", "production"):
            rows = connection.execute(HOLDERS.encode(), {"name": model, "stage": stage}).fetchall()
            if rows[0]["holders"] > 1:
                wrong.append(f"{model}: {rows[0]['holders']} versions in {stage}")
    return wrong
