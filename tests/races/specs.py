"""The pipelines that race: one that promotes, one that resolves, one that is cached.

Only `promoting` puts out versions of DATA and promotes versions of PAIRED, both in one commit: the
newest DATA and the production version of PAIRED always come from the same run. That is the pair
that no attempt may see torn. FREE is promoted, archived and demoted from outside, as it comes.
"""

from __future__ import annotations

from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Guarded,
    ModelArtifact,
    ModelReference,
    RunOutput,
)
from lateen.domain.spec import ModelSpec, OutputSpec, PipelineSpec, Retry, StepSpec

PAIRED, FREE = "paired", "free"
DATA, WEIGHTS, NOISE, COMBINED = "data", "weights", "noise", "combined"
PRODUCTION = ModelReference(PAIRED, "production")

PROMOTING = PipelineSpec(
    "promoting",
    steps=(
        StepSpec(
            "promote",
            "promote",
            outputs=(OutputSpec("data", DATA), OutputSpec("weights", WEIGHTS)),
            cache=False,
        ),
    ),
    model=ModelSpec(PAIRED),
)
RESOLVING = PipelineSpec(
    "resolving",
    steps=(
        StepSpec(
            "resolve",
            "resolve",
            inputs={
                "number": Guarded(Attribute("number", PRODUCTION), default=None),
                "noise": ArtifactReference(NOISE),
                "data": ArtifactReference(DATA),
                "staging": Guarded(
                    Attribute("number", ModelReference(FREE, "staging")), default=None
                ),
                "newest": Attribute("number", ModelReference(PAIRED, "latest")),
                "past": RunOutput("promoting", "latest-successful", "promote", "data"),
                "production": Guarded(
                    Attribute("number", ModelReference(FREE, "production")), default=None
                ),
                "weights": Guarded(ModelArtifact(PRODUCTION, WEIGHTS), default=None),
            },
            retry=Retry(limit=1_000_000, refresh=True),
            cache=False,
        ),
    ),
)
COMBINING = PipelineSpec(
    "combining",
    steps=(
        StepSpec(
            "combine",
            "combine",
            inputs={
                "weights": Guarded(ModelArtifact(PRODUCTION, WEIGHTS), default=None),
                "data": ArtifactReference(DATA),
            },
            outputs=(OutputSpec("combined", COMBINED),),
            code_digest="sha256:combine",
        ),
    ),
)
READ_IN_BODY = ArtifactReference(NOISE)
