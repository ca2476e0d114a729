"""A version that was just published, told without asking the catalog for it."""

from __future__ import annotations

import json
from datetime import UTC

from lateen.domain.artifacts import Published
from lateen.step.ports import Json


def published_version(payload: Json, made: Published, run: Json | None, step: str | None) -> Json:
    """What ``Reading.artifact_versions`` would tell of a version as it was published."""
    manifest = json.loads(payload["manifest"])
    name, number, version = payload["artifact"], made.number, payload["version"]
    return {
        "id": made.id,
        "name": name,
        "number": number,
        "version_name": version,
        "version": version or str(number),
        "digest": payload["digest"],
        "kind": payload["kind"],
        "type": manifest["type"],
        "format": manifest["format"],
        "materializer": manifest["materializer"],
        "pickled": payload["pickled"],
        "uri": f"lateen://artifacts/{name}/{number}",
        "size": payload["size"],
        "bytes_deleted": None,
        "created_at": made.created_at.astimezone(UTC).isoformat(),
        "metadata": payload["metadata"],
        "tags": payload["tags"],
        "run": run,
        "step": step,
    }
