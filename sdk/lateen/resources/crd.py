"""The CustomResourceDefinitions, made from the models.

``python -m lateen.resources.crd`` writes ``crds/``; with ``--check`` it compares and fails where a
file differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lateen.resources.base import ResourceModel
from lateen.resources.pipeline import API_VERSION, PipelineResource
from lateen.resources.run import RunResource
from lateen.resources.schema import structural_schema
from lateen.resources.text import yaml_text

GROUP, VERSION = API_VERSION.split("/")
HEADER = "# Made from sdk/lateen/resources by `python -m lateen.resources.crd`; do not edit.\n"

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_PIPELINE_COLUMNS = [
    {"name": "Model", "type": "string", "jsonPath": ".spec.model.name"},
    {"name": "Stage", "type": "string", "jsonPath": ".spec.model.version"},
    {
        "name": "Accepted",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Accepted")].status',
    },
    _AGE,
    {
        "name": "Message",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Accepted")].message',
    },
]
_RUN_COLUMNS = [
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Steps", "type": "string", "jsonPath": ".status.progress"},
    _AGE,
    {
        "name": "Message",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Succeeded")].message',
    },
]


def definitions() -> dict[str, dict[str, Any]]:
    """The definitions by the names of their files."""
    return {
        "pipelines.yaml": _definition(PipelineResource, "Pipeline", "lp", _PIPELINE_COLUMNS),
        "runs.yaml": _definition(RunResource, "Run", "lr", _RUN_COLUMNS),
    }


def _definition(
    model: type[ResourceModel], kind: str, short_name: str, columns: list[dict[str, str]]
) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short_name],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _schema(model)},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }


def _schema(model: type[ResourceModel]) -> dict[str, Any]:
    schema = structural_schema(model)
    for name in ("apiVersion", "kind"):
        # The API server checks them against the definition itself.
        schema["properties"][name].pop("enum")
    schema["properties"]["metadata"] = {"type": "object"}
    schema["required"] = ["spec"]
    return schema


def texts() -> dict[str, str]:
    """The content of each file."""
    return {name: HEADER + yaml_text(data) for name, data in definitions().items()}


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; 1 where one differs."""
    folder = Path.cwd() / "crds"
    if "--check" in arguments:
        return _compare(folder)
    folder.mkdir(exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


def _compare(folder: Path) -> int:
    stale = [
        name
        for name, text in texts().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        print(
            f"crds/{name} differs from the models; run `python -m lateen.resources.crd`",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
