from __future__ import annotations

import json
from pathlib import Path

from lateen.domain.artifacts import ArtifactVersion
from lateen.domain.receipts import (
    ArtifactInput,
    EntriesInput,
    ItemsInput,
    PlainInput,
    Resolution,
    ResolvedInput,
)
from lateen.domain.spec import StepSpec
from lateen.pod.plain import write_parameters
from lateen.step.workdir import WorkDirectory

STEP = StepSpec(name="count", history_name="count", command=("true",))
ARTIFACT = ArtifactInput(ArtifactVersion("id", "words", 1, None, "sha256:0", "data"))


def told(tmp_path: Path, **inputs: ResolvedInput) -> object:
    work = WorkDirectory(tmp_path)
    work.make()
    write_parameters(Resolution(inputs, (), None), work, STEP)
    return json.loads(work.parameters.read_text())


def test_values_are_told_and_an_artifact_has_its_folder_alone(tmp_path: Path) -> None:
    assert told(tmp_path, least=PlainInput(2), words=ARTIFACT) == {"least": 2}


def test_of_a_list_and_a_dict_every_part_is_told_under_its_own_key(tmp_path: Path) -> None:
    items = ItemsInput((ARTIFACT, PlainInput(4)), "list")
    entries = EntriesInput({"y": PlainInput(3), "x": ARTIFACT, "z": items})
    assert told(tmp_path, items=items, entries=entries) == {
        "items": [{"folder": "items/0"}, 4],
        "entries": {
            "y": 3,
            "x": {"folder": "entries/1"},
            "z": [{"folder": "entries/2/0"}, 4],
        },
    }
