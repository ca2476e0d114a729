"""The CustomResourceDefinitions keep the rules that an API server enforces on schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lateen.resources import crd

NO_TYPE_NEEDED = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
FORBIDDEN = ("$ref", "title", "default", "anyOf", "const", "patternProperties", "propertyNames")
LARGEST_FOR_KUBECTL_APPLY = 262_144


def schema_of(name: str) -> dict[str, Any]:
    (version,) = crd.definitions()[name]["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if part in schema:
            yield from nodes(schema[part], f"{path}.{part}")


@pytest.fixture(params=["pipelines.yaml", "runs.yaml"])
def every_node(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    return dict(nodes(schema_of(request.param)))


def test_every_node_has_a_type_or_says_why_not(every_node: dict[str, dict[str, Any]]) -> None:
    for path, node in every_node.items():
        assert "type" in node or any(node.get(mark) for mark in NO_TYPE_NEEDED), path
        assert not ("type" in node and node.get("x-kubernetes-int-or-string")), path


def test_no_node_uses_what_structural_schemas_forbid(
    every_node: dict[str, dict[str, Any]],
) -> None:
    for path, node in every_node.items():
        assert not [word for word in FORBIDDEN if word in node], path
        assert not ("properties" in node and "additionalProperties" in node), path


def test_choices_hold_value_rules_only(every_node: dict[str, dict[str, Any]]) -> None:
    for path, node in every_node.items():
        choices = [*node.get("oneOf", ()), *([node["not"]] if "not" in node else ())]
        assert all(set(choice) == {"required"} for choice in choices), path
        named = {name for choice in choices for name in choice["required"]}
        assert named <= set(node.get("properties", {})), path


def test_what_can_grow_is_bounded_under_spec(every_node: dict[str, dict[str, Any]]) -> None:
    for path, node in every_node.items():
        if not path.startswith(".spec"):
            continue
        if node.get("type") == "array":
            assert node["maxItems"] <= 2000, path
        elif node.get("type") == "string" and "enum" not in node:
            assert node["maxLength"] <= 4096, path
        elif "additionalProperties" in node:
            assert node["maxProperties"] <= 2000, path


def test_required_fields_and_list_keys_exist(every_node: dict[str, dict[str, Any]]) -> None:
    for path, node in every_node.items():
        assert set(node.get("required", ())) <= set(node.get("properties", {})), path
        for key in node.get("x-kubernetes-list-map-keys", ()):
            assert key in node["items"]["required"], path


def test_every_field_that_people_write_is_described(
    every_node: dict[str, dict[str, Any]],
) -> None:
    inside_itself = (".list.items", ".map.additionalProperties")
    for path, node in every_node.items():
        for name, child in node.get("properties", {}).items():
            known = path == "" or any(part in path for part in inside_itself)
            assert known or child.get("description"), f"{path}.{name}"


def test_rules_stand_where_cardinality_is_bounded(every_node: dict[str, dict[str, Any]]) -> None:
    ruled = [path for path, node in every_node.items() if "x-kubernetes-validations" in node]
    assert ruled
    assert not [path for path in ruled if ".list.items" in path or ".map." in path]


def test_rules_name_only_fields_that_cel_can_see(every_node: dict[str, dict[str, Any]]) -> None:
    for path, node in every_node.items():
        for rule in node.get("x-kubernetes-validations", ()):
            for name, child in node["properties"].items():
                if f"self.{name})" in rule["rule"]:
                    assert child.get("type"), f"{path}: {name}"


def test_a_run_is_fixed_but_for_what_is_desired() -> None:
    body = schema_of("runs.yaml")["properties"]["spec"]
    rules = [rule["rule"] for rule in body["x-kubernetes-validations"]]
    fixed = {name for name in body["properties"] if any(f"oldSelf.{name}" in it for it in rules)}
    assert fixed == set(body["properties"]) - {"desired"}


def test_steps_are_unique_by_name() -> None:
    steps = schema_of("pipelines.yaml")["properties"]["spec"]["properties"]["steps"]
    assert steps["x-kubernetes-list-type"] == "map"
    assert steps["x-kubernetes-list-map-keys"] == ["name"]
    assert steps["maxItems"] == 2000


def test_kubectl_shows_columns_and_knows_short_names() -> None:
    names = {
        name: (
            data["spec"]["names"]["shortNames"],
            [it["name"] for it in data["spec"]["versions"][0]["additionalPrinterColumns"]],
        )
        for name, data in crd.definitions().items()
    }
    assert names["runs.yaml"] == (["lr"], ["Phase", "Steps", "Age", "Message"])
    columns = ["Model", "Stage", "Accepted", "Age", "Message"]
    assert names["pipelines.yaml"] == (["lp"], columns)


def test_every_word_that_may_be_desired_is_explained() -> None:
    fields = schema_of("runs.yaml")["properties"]["spec"]["properties"]
    for word in fields["desired"]["enum"]:
        assert f"`{word}`" in fields["desired"]["description"]
    for name, other in (("replay", "resume"), ("resume", "replay")):
        excluded = f"It excludes `pipeline`, `pipelineSpec`, `{other}` and `parameters`."
        assert excluded in fields[name]["description"]


def test_a_definition_fits_into_the_annotation_of_kubectl_apply() -> None:
    for data in crd.definitions().values():
        assert len(json.dumps(data)) < LARGEST_FOR_KUBECTL_APPLY


def test_what_is_out_of_the_resources_stays_out() -> None:
    spec = schema_of("pipelines.yaml")["properties"]["spec"]["properties"]
    assert not {"schedule", "triggers"} & set(spec)
    assert "when" not in spec["steps"]["items"]["properties"]


def test_the_command_writes_and_then_finds_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert crd.main(["--check"]) == 1
    assert crd.main([]) == 0
    assert crd.main(["--check"]) == 0
    (tmp_path / "crds" / "runs.yaml").write_text("{}")
    assert crd.main(["--check"]) == 1
