"""Compiled pipelines made by hand, which show every form that a resource has."""

from __future__ import annotations

from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Entries,
    Guarded,
    Items,
    Metadata,
    ModelArtifact,
    ModelReference,
    Parameter,
    RunOutput,
    StepOutput,
    Value,
)
from lateen.domain.spec import (
    ModelSpec,
    OutputSpec,
    ParameterSpec,
    PipelineSpec,
    Resources,
    Retry,
    StepSpec,
    WorkDir,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

OWN_MODEL = ModelReference()
PRODUCTION = ModelReference("iris_classifier", "production")

inference = PipelineSpec(
    "inference",
    steps=(
        StepSpec(
            "load-data",
            "load_data",
            outputs=(OutputSpec("iris"),),
            entrypoint="pipelines.inference:load_data",
            code_digest=DIGEST,
        ),
        StepSpec(
            "predict",
            "predict",
            inputs={
                "classifier": ModelArtifact(OWN_MODEL, "trained_model"),
                "data": StepOutput("load-data", "iris"),
                "threshold": Parameter("threshold"),
                "n": Value(3),
            },
            outputs=(OutputSpec("predictions"),),
            entrypoint="pipelines.inference:predict",
            code_digest=DIGEST,
            cache=True,
            retry=Retry(limit=2),
            timeout=3600,
            resources=Resources(cpu="500m", memory="1Gi"),
        ),
        StepSpec(
            "report",
            "report",
            inputs={"predictions": StepOutput("predict", "predictions")},
            outputs=(OutputSpec("lines"),),
            image=f"docker.io/library/busybox@{DIGEST}",
            command=(
                "sh",
                "-c",
                'wc -l < "$LATEEN_INPUTS/predictions/data.txt"'
                ' > "$LATEEN_OUTPUTS/lines/data.txt"\necho done\n',
            ),
        ),
    ),
    parameters=(ParameterSpec("threshold", "number", default=0.5),),
    outputs={"result": StepOutput("predict", "predictions")},
    model=ModelSpec("iris_classifier", "production"),
    image="registry.example.com/iris:1.4",
    code=DIGEST,
    code_path=("src",),
)

references = PipelineSpec(
    "all_references",
    steps=(
        StepSpec("make", "make", outputs=(OutputSpec("output"),), entrypoint="examples:make"),
        StepSpec(
            "take",
            "take",
            inputs={
                "parameter": Parameter("n"),
                "value": Value({"deep": [1, 2.5, None, "yes"]}),
                "nothing": Value(None),
                "step": StepOutput("make", "output"),
                "latest": ArtifactReference("raw"),
                "number": ArtifactReference("raw", "3"),
                "named": ArtifactReference("raw", "raw_2023"),
                "by_id": ArtifactReference(id="0198c0de"),
                "brought": ArtifactReference(digest=DIGEST),
                "own": ModelArtifact(OWN_MODEL, "scaler"),
                "production": ModelArtifact(PRODUCTION, "trained_model", kind="model"),
                "older": ModelArtifact(PRODUCTION, "trained_model", version="2"),
                "past": RunOutput("training", "latest-successful", "train", "trained_model"),
                "accuracy": Metadata("scores", PRODUCTION, ("folds", 0, "f1")),
                "rows": Metadata("rows", StepOutput("make", "output")),
                "digest": Attribute("digest", ArtifactReference("raw")),
                "model_version": Attribute("version", PRODUCTION),
                "several": Items((StepOutput("make", "output"), Value(3)), "tuple"),
                "nested": Items((Items((Value(1),)), Entries((("a", ArtifactReference("raw")),)))),
                "keyed": Entries((("a", StepOutput("make", "output")), ("b", Parameter("n")))),
                "patient": Guarded(ArtifactReference("raw"), wait=1800),
                "lenient": Guarded(Metadata("threshold", OWN_MODEL), default=0.5),
                "strict": Guarded(ModelArtifact(PRODUCTION, "scaler"), on_moved="fail"),
                "null_default": Guarded(ArtifactReference("raw"), default=None),
            },
            entrypoint="examples:take",
        ),
    ),
    parameters=(ParameterSpec("n", "integer"),),
    outputs={"both": Items((StepOutput("make", "output"), ArtifactReference("raw")))},
)

options = PipelineSpec(
    "all-options",
    steps=(
        StepSpec(
            "prepare",
            "prepare",
            image="registry.example.com/tools:2",
            command=("prepare", "--all"),
            outputs=(OutputSpec("files"),),
        ),
        StepSpec(
            "train",
            "Train.model",
            outputs=(
                OutputSpec(
                    "trained_model",
                    artifact="model_{date}_{time}",
                    version="v1",
                    kind="model",
                    materializer="examples.materializers:ModelMaterializer",
                    pickle=True,
                    tags=("nightly", "iris"),
                    metadata={"owner": "team-a", "limits": [0.5, 1]},
                ),
                OutputSpec("history"),
            ),
            after=("prepare",),
            entrypoint="examples:train",
            code_digest=DIGEST,
            interpreter="/opt/venv/bin/python",
            image="registry.example.com/train:2",
            model=ModelSpec(
                "regressor", description="Predicts.\nUsed by the shop.", tags=("shop",)
            ),
            cache=False,
            retry=Retry(limit=3, backoff=0.5, factor=1.5, max_backoff=90, refresh=True),
            timeout=5400,
            start_timeout=600,
            resources=Resources(
                "2", "8Gi", 1, further={"ephemeral-storage": "20Gi"}, limits={"cpu": "4"}
            ),
            work_dir=WorkDir("10Gi", "Memory"),
            tolerate_oom=True,
            env={"OMP_NUM_THREADS": "2", "MODE": "on"},
            env_from=("warehouse-credentials",),
            pod_template={
                "spec": {
                    "nodeSelector": {"pool": "gpu"},
                    "tolerations": [{"key": "gpu", "operator": "Exists"}],
                }
            },
        ),
    ),
    parameters=(
        ParameterSpec("name", "string", default="a: b"),
        ParameterSpec("rate", "number", default=1.0),
        ParameterSpec("seed", "integer", default=2**60 + 1),
        ParameterSpec("fast", "boolean", default=False),
        ParameterSpec("layers", "array", default=[64, 32]),
        ParameterSpec("extra", "object", default={}),
        ParameterSpec("limit", "integer", default=None, nullable=True),
        ParameterSpec("anything"),
        ParameterSpec("depth", "integer", frozen=3),
    ),
    model=ModelSpec("regressor"),
    freshness="run",
    timeout=21600,
    failure_policy="fast",
    step_limit=10,
    pipeline_step_limit=40,
)

SPECS = {spec.name: spec for spec in (inference, references, options)}
