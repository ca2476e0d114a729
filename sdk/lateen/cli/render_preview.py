"""What the references of a pipeline would become now, as a table and as warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lateen.cli.output import Column, Json
from lateen.cli.render_step import OWN_MODEL
from lateen.domain.receipt_words import reference_words


def preview_columns() -> list[Column]:
    """The columns of a preview."""
    return [
        Column("STEP", lambda item: item["step"]),
        Column("INPUT", _place),
        Column(
            "REFERENCE",
            lambda item: reference_words(item["reference"], None) if item.get("reference") else "",
        ),
        Column("WOULD BECOME", _became),
        Column("PROBLEM", lambda item: item["problem"] or ""),
        Column(
            "ID",
            lambda item: (item.get("artifact") or item.get("model") or {}).get("id", ""),
            wide=True,
        ),
    ]


def preview_name(item: Json) -> str:
    """A reference for ``-o name``."""
    return f"{item['step']}/{_place(item)}"


def _place(item: Json) -> str:
    path = f"[{item['path']}]" if item["path"] else ""
    return f"{item['input'] or OWN_MODEL}{path}"


def _became(item: Json) -> str:
    if item["problem"]:
        return "missing"
    thing = item["artifact"] or item["model"]
    is_version = thing and item["became"] == thing["version"]
    return f"{thing['name']}@{thing['version']}" if is_version else str(item["became"])


def warnings(items: Sequence[Json]) -> Iterator[str]:
    """A line for each reference that matches nothing now, once for each problem."""
    seen = set()
    for item in items:
        if item["problem"] and item["problem"] not in seen:
            seen.add(item["problem"])
            would = "wait" if "wait" in item.get("reference", {}) else "fail"
            yield f"warning: the step {item['step']!r} would {would} now: {item['problem']}"
