"""How much a catalog is filled with, and what its rows are called."""

from dataclasses import dataclass
from hashlib import md5, sha256
from uuid import UUID

VERSIONS_OF_ARTIFACT = 1000
VERSIONS_OF_MODEL = 100
LINKS_OF_MODEL_VERSION = 5
VERSIONS_OF_STEP = 10
STEPS_OF_RUN = 5
RUNS_OF_PIPELINE = 1000
STAGING, PRODUCTION = VERSIONS_OF_MODEL - 1, VERSIONS_OF_MODEL - 2


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of rows; everything is dealt out in turn, as if all artifacts grew together."""

    versions: int
    model_versions: int

    @property
    def artifacts(self) -> int:
        return max(1, self.versions // VERSIONS_OF_ARTIFACT)

    @property
    def models(self) -> int:
        return max(1, self.model_versions // VERSIONS_OF_MODEL)

    @property
    def steps(self) -> int:
        return self.runs * STEPS_OF_RUN

    @property
    def runs(self) -> int:
        return max(1, self.versions // VERSIONS_OF_STEP // STEPS_OF_RUN)

    @property
    def pipelines(self) -> int:
        return max(1, self.runs // RUNS_OF_PIPELINE)

    def artifact_of_model(self, model: int, link: int) -> int:
        """The artifact that is a model's ``link``-th one."""
        return (model * LINKS_OF_MODEL_VERSION + link) % self.artifacts

    def linked_version(self, model_version: int, link: int) -> int:
        """The artifact version that a model version is linked to."""
        model, turn = model_version % self.models, model_version // self.models
        turns = max(1, self.versions // self.artifacts)
        number = turn * turns // VERSIONS_OF_MODEL
        return number * self.artifacts + self.artifact_of_model(model, link)


def artifact_name(artifact: int) -> str:
    return f"artifact_{artifact:05}"


def model_name(model: int) -> str:
    return f"model_{model:05}"


def identity(kind: str, number: int) -> UUID:
    """The same id for the same thing every time, as scattered as random ones."""
    return UUID(bytes=md5(b"%s %d" % (kind.encode(), number), usedforsecurity=False).digest())


def blob(version: int) -> str:
    """The SHA-256 of the one file of an artifact version."""
    return sha256(b"blob %d" % version).hexdigest()
