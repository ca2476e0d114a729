"""Why a step ran, or did not: one sentence for whoever asks why it ran again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.canonical import canonical_json
from lateen.domain.spec import StepSpec
from lateen.domain.states import FailureCause
from lateen.planning.caching import cacheable, changed_parts
from lateen.step.ports import Json

SHOWN = 3
"""So many changes are named."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a step of a run, as the JSON of the client's protocol."""

    step: Json
    run: Json
    spec: StepSpec
    receipts: list[Json]
    """Of its last attempt."""
    parts: Mapping[str, Any] | None
    """What the cache key of that was taken over; None where it has none."""
    previous: Json | None
    """The same step's committed attempt in an earlier run: its run's name, parts and receipts."""
    same_key: Json | None
    """Another attempt under the same key that ran its code, with its receipts."""

    @property
    def name(self) -> str:
        return str(self.step["history_name"])


def explained(facts: Facts) -> str:
    """Why the step ran or did not, in a sentence or two."""
    step, message = facts.step, facts.step["message"]
    last = step["attempts"][-1] if step["attempts"] else None
    match step["status"]:
        case "Pending":
            return f"{facts.name} has not started yet."
        case "Waiting":
            return _ended(f"{facts.name} waits: {message}")
        case "Skipped" | "Cancelled":
            end = "did not run" if last is None else "was ended"
            return _ended(f"{facts.name} {end}: {message}")
        case "Cached":
            return _cached(facts)
        case "Failed" if last is None:
            return _ended(f"{facts.name} failed: {message}")
    if last is not None and last["cause"] == FailureCause.REFERENCE:
        return _ended(f"{facts.name} failed before its code ran: {message}")
    if last is not None and step["status"] == "Failed" and last["began_at"] is None:
        return _never_began(facts)
    return _ran(facts)


def _cached(facts: Facts) -> str:
    source = facts.step["attempts"][-1]["cached_from"]
    reads = any(receipt["kind"] == "read" for receipt in facts.receipts)
    looked = " What its body had looked up there is the same today." if reads else ""
    return (
        f"{facts.name} did not run: {source['run_name']} had run the same code on the same inputs,"
        f" so what it put out there was taken over.{looked}"
    )


def _never_began(facts: Facts) -> str:
    """Of a step whose last attempt had no time, no node or no image to begin with."""
    before = any(attempt["began_at"] for attempt in facts.step["attempts"])
    when = " in its last attempt" if before else ""
    return _ended(f"{facts.name} did not run{when}: {facts.step['message']}") + _count(facts)


def _ran(facts: Facts) -> str:
    status = facts.step["status"]
    reason = _reason(facts)
    verb = "is running" if status == "Running" else "ran"
    told = f"{facts.name} {verb}{f' {reason}' if reason else ''}."
    if status == "Failed":
        told += _ended(f" It failed: {facts.step['message']}")
    return told + _count(facts)


def _count(facts: Facts) -> str:
    count = len(facts.step["attempts"])
    return f" It took {count} attempts." if count > 1 else ""


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _reason(facts: Facts) -> str:
    replayed = facts.run.get("replay_of")
    if replayed:
        return f"because this run replays {replayed['name']}, and a replay runs every step"
    if facts.spec.cache is False:
        return "because caching is off for it"
    environment = str((facts.parts or {}).get("environment", ""))
    if not cacheable(facts.spec, environment):
        return "because nothing tells what its code is, so that its outputs are not kept for others"
    if facts.parts is None:
        return _unkeyed(facts)
    if facts.previous is not None:
        changed = changed_parts(facts.previous["cache_parts"], facts.parts)
        if changed:
            since = facts.previous["run"]["name"]
            return f"again because {_all_words(facts, changed)} changed since {since}"
    if facts.same_key is not None:
        return f"again {_not_served(facts, facts.same_key)}"
    if facts.previous is not None:
        return f"again because what it put out in {facts.previous['run']['name']} was deleted"
    return f"for the first time: no earlier run of {facts.run['pipeline']} had committed it"


def _unkeyed(facts: Facts) -> str:
    """Why an attempt has no key: it is not resolved yet, or replays a run that is gone."""
    if not any(attempt["began_at"] for attempt in facts.step["attempts"]):
        return ""
    return "because this run replays one that was deleted since, and a replay runs every step"


def _all_words(facts: Facts, changed: list[str]) -> str:
    words = [_words(facts, part) for part in changed[:SHOWN]]
    if len(changed) > SHOWN:
        words.append(f"{len(changed) - SHOWN} more")
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _words(facts: Facts, part: str) -> str:
    """A part of the key, with what it was and what it is where that is short."""
    kind, _, name = part.partition(".")
    match kind:
        case "inputs":
            return f"its input {name!r}{_was_and_is(facts, name)}"
        case "env":
            return f"the environment variable {name!r}"
        case "envFrom":
            return "the list of Secrets that its variables come from"
        case "podTemplate":
            return "what its podTemplate says of variables and mounts"
        case "outputs":
            return "the way its outputs are declared"
        case "environment":
            assert facts.previous is not None
            assert facts.parts is not None
            was, now = facts.previous["cache_parts"].get(kind), facts.parts.get(kind)
            return f"what it runs on ({was}, now {now})"
    return f"its {kind}"


def _was_and_is(facts: Facts, name: str) -> str:
    assert facts.previous is not None
    before, now = _by_path(facts.previous["receipts"], name), _by_path(facts.receipts, name)
    moved = [path for path in now if path in before and before[path] != now[path]]
    if len(moved) != 1:
        return ""
    place = f"at {moved[0]}: " if moved[0] else ""
    return f" ({place}{before[moved[0]]}, now {now[moved[0]]})"


def _by_path(receipts: list[Json], name: str) -> dict[str, str]:
    return {r["path"]: found_words(r) for r in receipts if r["input"] == name}


def _not_served(facts: Facts, other: Json) -> str:
    """Why an attempt under the same key did not serve this one."""
    run = other["run"]["name"]
    if other["promoted"]:
        return (
            f"though nothing changed since {run}: it promoted a model version there, and that is"
            " done by its code alone"
        )
    if not other["cacheable"]:
        return (
            f"though nothing changed since {run}: its body asked there for lists, for past runs or"
            " for what did not exist, and nothing can tell whether the answers are the same today"
        )
    moved = next(_moved_reads(other["receipts"], facts.receipts), None)
    if moved is not None:
        return f"because what its body looks up changed since {run}: {moved}"
    if other["later"]:
        return f"because {run}, which ran it at the same time, had not committed it yet"
    return f"though nothing changed since {run}: the bytes of what it put out there were gone"


def _moved_reads(before: list[Json], after: list[Json]) -> Iterator[str]:
    now = {canonical_json(r["reference"]): r for r in after if r["kind"] == "read"}
    for receipt in before:
        if receipt["kind"] != "read":
            continue
        again = now.get(canonical_json(receipt["reference"]))
        if again is None:
            yield f"{receipt['words']} was {found_words(receipt)}, and was not looked up again"
        elif _identity(receipt) != _identity(again):
            yield f"{receipt['words']} was {found_words(receipt)} and is {found_words(again)}"


def _identity(receipt: Json) -> str:
    """What a receipt found, in so far as a cached step must find it again."""
    if receipt["has_value"]:
        return canonical_json({"value": receipt["value"]})
    if receipt["artifact"]:
        return str(receipt["artifact"]["digest"])
    return str((receipt["model"] or {}).get("id"))


def found_words(receipt: Json) -> str:
    """What a reference became: ``iris@3``, or a value."""
    thing = None if receipt["has_value"] else receipt["artifact"] or receipt["model"]
    return f"{thing['name']}@{thing['version']}" if thing else str(receipt["became"])
