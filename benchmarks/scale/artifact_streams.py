"""Artifacts and their versions, each with a manifest, a blob and a metadata value of its own."""

from collections.abc import Iterator
from hashlib import sha256

from benchmarks.scale.shape import Shape, artifact_name, blob
from benchmarks.scale.stream import Stream, run_of, step_name, step_of, text_id
from lateen.domain.artifacts import File, Manifest
from lateen.domain.canonical import DIGEST_PREFIX

SIZE = 12_345
"""Bytes of each: more than the catalog keeps itself, so that there is a blob."""
KEY = "rows"
"""The one metadata key of each version."""

_BLOB = "0" * 64
_BEFORE, _AFTER = Manifest(
    "json",
    "builtins.dict",
    "lateen.materializers.json_values.JsonMaterializer",
    (File("data.json", SIZE, _BLOB),),
).text.split(_BLOB)


def body(version: int) -> str:
    """The manifest of an artifact version."""
    return f"{_BEFORE}{blob(version)}{_AFTER}"


def digest(version: int) -> str:
    return DIGEST_PREFIX + sha256(body(version).encode()).hexdigest()


def _artifacts(shape: Shape) -> Iterator[str]:
    for artifact in range(shape.artifacts):
        following = (shape.versions - 1 - artifact) // shape.artifacts + 2
        yield f"{text_id('artifact', artifact)}\t{artifact_name(artifact)}\t{following}\n"


def _manifests(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{digest(version)}\t{body(version)}\t{SIZE}\n"


def _blobs(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{blob(version)}\t1\t{SIZE}\n"


def _manifest_blobs(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        yield f"{digest(version)}\t{blob(version)}\n"


def _artifact_versions(shape: Shape) -> Iterator[str]:
    artifacts = [text_id("artifact", artifact) for artifact in range(shape.artifacts)]
    for version in range(shape.versions):
        number, artifact = divmod(version, shape.artifacts)
        step = step_of(version, shape)
        yield (
            f"{text_id('version', version)}\t{artifacts[artifact]}\t{number + 1}\t{digest(version)}"
            f"\tdata\t{run_of(step)}\t{step_name(step)}\t1\n"
        )


def _metadata(shape: Shape) -> Iterator[str]:
    for version in range(shape.versions):
        run = run_of(step_of(version, shape))
        yield f"{text_id('version', version)}\t{KEY}\t{version}\t{run}\n"


STREAMS = (
    Stream("artifacts", "id, name, next_version", _artifacts),
    Stream("manifests", "digest, body, size", _manifests),
    Stream("blobs", "sha256, generation, size", _blobs),
    Stream("manifest_blobs", "digest, sha256", _manifest_blobs),
    Stream(
        "artifact_versions",
        "id, artifact_id, number, digest, kind, run_id, step, attempt",
        _artifact_versions,
    ),
    Stream("metadata", "artifact_version_id, key, value, by_run", _metadata),
)
