"""skops archives with equal bytes for equal estimators.

skops names files and marks shared objects by memory addresses and random identifiers, stores
sets in the order of their hashes, and stamps files with the time. Here addresses become numbers
in order of appearance, sets are sorted, and the stamps are fixed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

# Whether two equal strings or classes are one object depends on the interpreter, and nothing can
# tell afterwards, so these carry no mark.
_IMMUTABLE = frozenset({"JsonNode", "TypeNode", "FunctionNode", "BytesNode"})
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def rewrite(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a skops archive in its one canonical spelling."""
    from zipfile import ZipFile, ZipInfo

    with ZipFile(source) as given, ZipFile(target, "w") as canonical:
        schema = json.loads(given.read("schema.json"))
        _sort_sets(schema)
        _number_objects(schema)
        names = _rename_files(schema)
        for old, new in names.items():
            canonical.writestr(ZipInfo(new, _LONG_AGO), given.read(old))
        text = json.dumps(schema, separators=(",", ":"))
        canonical.writestr(ZipInfo("schema.json", _LONG_AGO), text)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of the schema, each before the nodes inside it."""
    if isinstance(tree, dict):
        if isinstance(tree.get("__loader__"), str):
            yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _sort_sets(schema: Any) -> None:
    for node in reversed(list(_nodes(schema))):
        if node["__loader__"] == "SetNode":
            node["content"].sort(key=_text_without_marks)


def _text_without_marks(tree: Any) -> str:
    copy = json.loads(json.dumps(tree))
    for node in _nodes(copy):
        node.pop("__id__", None)
        node.pop("file", None)
    return json.dumps(copy)


def _number_objects(schema: Any) -> None:
    numbers: dict[int, int] = {}
    for node in _nodes(schema):
        address = node.pop("__id__", None)
        if isinstance(address, int) and node["__loader__"] not in _IMMUTABLE:
            # From 1 on, for skops takes a 0 for no mark.
            node["__id__"] = numbers.setdefault(address, len(numbers) + 1)


def _rename_files(schema: Any) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in _nodes(schema):
        if isinstance(node.get("file"), str):
            suffix = node["file"].rpartition(".")[2]
            node["file"] = names.setdefault(node["file"], f"{len(names)}.{suffix}")
    return names
