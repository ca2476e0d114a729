"""What a step was given: artifacts as views, plain values, and containers of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.client.views.artifact_version import ArtifactVersionView


def views_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Each input of the wire protocol as its view or its plain value."""
    return {name: _view(item) for name, item in inputs.items()}


def _view(item: Mapping[str, Any]) -> Any:
    match item:
        case {"id": str()}:
            return ArtifactVersionView(item)
        case {"list": [*items], **rest}:
            container = tuple if rest.get("as") == "tuple" else list
            return container(map(_view, items))
        case {"map": entries}:
            return views_of(entries)
    return item["value"]
