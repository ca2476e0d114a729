"""Asks one snapshot of the catalog what a compiled pipeline's references would become now."""

from __future__ import annotations

from lateen.authoring.compiled import CompiledPipeline
from lateen.authoring.composition import UPLOAD_PREFIX
from lateen.cli.output import Json
from lateen.cli.preview import preview


def previewed(compiled: CompiledPipeline) -> list[Json]:
    """The references with what they are; values that are still to be uploaded are left out."""
    from lateen.local import target

    attempts = target.default().catalog.attempts
    found = attempts.in_snapshot(lambda snapshot: preview(compiled.spec, snapshot))
    return [item for item in found if not _is_upload(item)]


def _is_upload(item: Json) -> bool:
    digest = item.get("reference", {}).get("artifact", {}).get("digest", "")
    return str(digest).startswith(UPLOAD_PREFIX)
