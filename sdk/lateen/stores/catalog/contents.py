"""What an artifact version consists of, as rows of the catalog tell it."""

from __future__ import annotations

import json

from lateen.domain.artifacts import Content, Manifest
from lateen.stores.catalog.connections import Row


def content_of(row: Row) -> Content:
    """The manifest in a row, with where its bytes are, or the bytes themselves."""
    manifest = Manifest.from_json(json.loads(row["body"]))
    return Content(manifest, row["generations"] or {}, row["content"])
