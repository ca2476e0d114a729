"""Whether a declared output can be published: its names, version, kind, tags and metadata."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from lateen.authoring.annotations import DeclaredOutput
from lateen.authoring.savable import savers_of
from lateen.domain.canonical import canonical_json
from lateen.domain.errors import CompileError, InvalidNameError, UnsupportedTypeError
from lateen.domain.kinds import ArtifactType
from lateen.domain.names import check_name, check_version_name, did_you_mean
from lateen.domain.placeholders import rendered

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def check_output(output: DeclaredOutput, step: str, location: str, is_chosen: bool) -> None:
    """CompileError for the first thing about an output that no version can have.

    ``is_chosen`` says that the author chose how it is saved, whatever its class.
    """
    for trouble in _troubles(output, is_chosen):
        raise CompileError(f"the output {output.key!r} of {step}(): {trouble}", location)


def _troubles(output: DeclaredOutput, is_chosen: bool) -> Iterator[str]:
    try:
        if output.artifact is not None:
            check_name(rendered(output.artifact, _SOME_TIME), "the artifact")
        if output.version is not None:
            check_version_name(output.version, "the version")
    except InvalidNameError as error:
        yield str(error)
    kinds = [kind.value for kind in ArtifactType]
    if output.kind is not None and output.kind not in kinds:
        near = did_you_mean(output.kind, kinds)
        yield f"artifact_type={output.kind!r} is no kind of artifact{near}"
    if not all(isinstance(tag, str) for tag in output.tags):
        yield f"tags={list(output.tags)!r}: tags are strings"
    try:
        canonical_json(dict(output.metadata))
    except (TypeError, ValueError) as error:
        yield f"its run_metadata is not JSON ({error})"
    try:
        if not is_chosen:
            savers_of(output.annotation)
    except UnsupportedTypeError as error:
        yield str(error)
