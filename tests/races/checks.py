"""What must hold of everything that a race recorded; each check yields what does not.

Whether a receipt agrees with what was committed is asked of its snapshot and of the transaction
ids beside versions and events, never of times: those are for people.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate, islice
from typing import Any

from lateen.domain.canonical import digest_of
from lateen.stores.catalog.connections import Row
from tests.races.history import History, Snapshot
from tests.races.specs import DATA, PAIRED

MOST = 10
"""Violations of one check that are told."""


def violations_in(history: History) -> list[str]:
    """All that is wrong in a history."""
    checks = (
        one_version_a_stage(history),
        receipts_agree_with_stages(history),
        numbers_come_in_order_of_commits(history),
        pairs_are_whole(history),
        latest_never_goes_back(history),
        outputs_follow_from_receipts(history),
        only_committed_attempts_put_out(history),
    )
    return [violation for check in checks for violation in islice(check, MOST)]


def one_version_a_stage(history: History) -> Iterator[str]:
    """Replays all stage events: one version in a stage at each, and each knew what it left."""
    stage_of: dict[Any, str] = defaultdict(lambda: "none")
    holders: dict[tuple[str, str], set[Any]] = defaultdict(set)
    last: dict[Any, int] = {}
    for event in history.events:
        version, model, to = event["version"], event["model"], event["to_stage"]
        if event["from_stage"] != stage_of[version]:
            yield f"event {event['id']} leaves {event['from_stage']}, not {stage_of[version]}"
        holders[model, stage_of[version]].discard(version)
        holders[model, to].add(version)
        stage_of[version], last[version] = to, event["id"]
        if to in ("staging", "production") and len(holders[model, to]) > 1:
            yield f"event {event['id']}: {len(holders[model, to])} versions of {model} in {to}"
    for row in history.model_versions:
        if (row["stage"], row["stage_event"]) != (stage_of[row["id"]], last.get(row["id"])):
            yield f"version {row['number']} of {row['model']} is not in the stage of its last event"


def receipts_agree_with_stages(history: History) -> Iterator[str]:
    """What was resolved by a stage held that stage in the receipt's snapshot, by that event."""
    events: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for event in history.events:
        for stage in {event["from_stage"], event["to_stage"]}:
            events[event["model"], stage].append(event)
    seen = {place: Visible(found, "id") for place, found in events.items()}
    for receipt in history.receipts:
        place = _stage_in(receipt["reference"])
        if place is None:
            continue
        last = seen[place].last(receipt["snapshot"]) if place in seen else None
        holds = last is not None and last["to_stage"] == place[1]
        wanted = (last["version"], last["id"]) if last is not None and holds else (None, None)
        if (receipt["model"], receipt["event"]) != wanted:
            yield (
                f"{_name(receipt)} says {receipt['model']} by event {receipt['event']}, and its"
                f" snapshot says {wanted[0]} by {wanted[1]}"
            )
        if last is not None and not seen[place].whole(receipt["snapshot"]):
            yield f"{_name(receipt)}: its snapshot sees an event, and not one before it"


def numbers_come_in_order_of_commits(history: History) -> Iterator[str]:
    """What a receipt found as latest is the highest that its snapshot sees, and no gap below."""
    versions: dict[str, list[Row]] = defaultdict(list)
    for version in history.versions:
        versions[version["artifact"]].append(version)
    for artifact, found in versions.items():
        if [row["number"] for row in found] != list(range(1, len(found) + 1)):
            yield f"the numbers of {artifact} have gaps: {len(found)} up to {found[-1]['number']}"
    seen = {artifact: Visible(found, "number") for artifact, found in versions.items()}
    for receipt in history.receipts:
        reference = receipt["reference"].get("artifact")
        if reference is None or reference.get("version") != "latest":
            continue
        last = seen[reference["name"]].last(receipt["snapshot"])
        if last is None or last["id"] != receipt["artifact"]:
            seen_number = last and last["number"]
            yield f"{_name(receipt)} is not the latest that its snapshot sees: {seen_number}"
        if not seen[reference["name"]].whole(receipt["snapshot"]):
            yield f"{_name(receipt)}: its snapshot sees a number, and not one below it"


def pairs_are_whole(history: History) -> Iterator[str]:
    """The newest DATA and the production version of PAIRED always come from one run."""
    runs = {row["id"]: row["run"] for row in (*history.versions, *history.model_versions)}
    for attempt, receipts in history.attempts_with_receipts():
        made_by = set()
        for receipt in receipts:
            if receipt["reference"].get("artifact", {}).get("name") == DATA:
                made_by.add(runs[receipt["artifact"]])
            if _stage_in(receipt["reference"]) == (PAIRED, "production") and receipt["model"]:
                made_by |= {runs[receipt["model"]], runs.get(receipt["artifact"])} - {None}
        if len(made_by) > 1:
            yield f"attempt {attempt['n']} of {attempt['run']} mixes the runs {made_by}"
        inputs = {r["snapshot"] for r in receipts if r["kind"] == "input"}
        if len(inputs) > 1:
            yield f"attempt {attempt['n']} of {attempt['run']} has the snapshots {inputs}"


def latest_never_goes_back(history: History) -> Iterator[str]:
    """Of each holder's attempts, one after the other, none found less than the one before."""
    numbers = {row["id"]: row["number"] for row in history.versions}
    finished = {row["id"]: row["finished"] for row in history.versions}
    best: dict[tuple[str, str], int] = {}
    for attempt, receipts in history.attempts_with_receipts():
        for receipt in receipts:
            reference = receipt["reference"]
            now = None
            if reference.get("artifact", {}).get("version") == "latest":
                now = numbers[receipt["artifact"]]
            elif reference.get("run", {}).get("select") == "latest-successful":
                now = finished[receipt["artifact"]]
            elif reference.get("of", {}).get("model", {}).get("version") == "latest":
                now = receipt["value"]
            if now is not None:
                place = (attempt["holder"], receipt["input"] + receipt["kind"])
                if now < best.get(place, 0):
                    yield f"{_name(receipt)} went back from {best[place]} to {now}"
                best[place] = now


def outputs_follow_from_receipts(history: History) -> Iterator[str]:
    """What `combine` put out, served or run, is what its own receipts make."""
    texts = {row["id"]: row["text"] for row in history.versions}
    for attempt, receipts in history.attempts_with_receipts():
        if attempt["step"] == "combine" and attempt["outputs"]:
            made = texts[_uuid(attempt["outputs"]["combined"])]
            wanted = digest_of([r["value"] if r["has_value"] else r["digest"] for r in receipts])
            if made != wanted:
                yield f"the output of {attempt['run']} is of other inputs than its receipts say"


def only_committed_attempts_put_out(history: History) -> Iterator[str]:
    """An attempt that failed or was fenced left no version, one that committed left all."""
    made: dict[Any, int] = defaultdict(int)
    for version in history.versions:
        made[version["run"], version["step"], version["attempt"]] += 1
    declared = {"promote": 2, "combine": 1}
    for attempt in history.attempts:
        count = made[attempt["run"], attempt["step"], attempt["n"]]
        whole = attempt["state"] == "committed" and not attempt["cached_from"]
        if count != (declared.get(attempt["step"], 0) if whole else 0):
            yield f"{attempt['state']} attempt of {attempt['run']} left {count} versions"


class Visible:
    """Rows in order of commits, and which of them a snapshot sees."""

    def __init__(self, rows: Iterable[Row], order: str) -> None:
        self._order = order
        self._rows = sorted(rows, key=lambda row: row["xid"])
        self._xids = [row["xid"] for row in self._rows]
        self._highest = list(accumulate(self._rows, self._higher))
        self._places = {row[order]: i for i, row in enumerate(sorted(rows, key=lambda r: r[order]))}
        self.last = cache(self.last)  # type: ignore[method-assign]
        self.whole = cache(self.whole)  # type: ignore[method-assign]

    def _higher(self, one: Row, other: Row) -> Row:
        return max(one, other, key=lambda row: row[self._order])

    def last(self, snapshot: str) -> Row | None:
        """The highest row that a snapshot sees."""
        first, between = self._seen(snapshot)
        rows = [self._highest[first - 1]] if first else []
        return max([*rows, *between], key=lambda row: row[self._order], default=None)

    def whole(self, snapshot: str) -> bool:
        """Whether it sees every row below the highest that it sees."""
        first, between = self._seen(snapshot)
        last = self.last(snapshot)
        return last is None or first + len(between) == self._places[last[self._order]] + 1

    def _seen(self, snapshot: str) -> tuple[int, list[Row]]:
        """How many rows are older than all that ran then, and those of the others that it sees."""
        parsed = Snapshot.parse(snapshot)
        first, end = bisect_left(self._xids, parsed.xmin), bisect_left(self._xids, parsed.xmax)
        return first, [row for row in self._rows[first:end] if parsed.sees(row["xid"])]


def _stage_in(reference: Row) -> tuple[str, str] | None:
    """The model and the stage that a reference names."""
    model = reference.get("of", reference).get("model", {})
    stage = model.get("version")
    return (model["name"], stage) if stage in ("staging", "production") else None


def _name(receipt: Row) -> str:
    return f"{receipt['kind']} {receipt['input']!r} of attempt {receipt['n']} of {receipt['run']}"


def _uuid(text: str) -> Any:
    from uuid import UUID

    return UUID(text)
