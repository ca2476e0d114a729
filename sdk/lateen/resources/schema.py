"""The structural schemas that a CustomResourceDefinition holds, made from the pydantic models.

Kubernetes takes a narrow part of OpenAPI: no references, no recursion, a type everywhere, no null
in a union. What pydantic writes is brought to that form here.
"""

from __future__ import annotations

from typing import Any

from lateen.resources.base import ResourceModel

Schema = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
VALIDATIONS = "x-kubernetes-validations"

DEEPEST = 2
"""How often a model may stand inside itself before its content is left to the operator."""

_KEPT = (
    "description",
    "type",
    "format",
    "nullable",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
    "oneOf",
    "not",
)


def structural_schema(model: type[ResourceModel]) -> Schema:
    """The schema of a model in the form that an API server accepts."""
    schema = model.model_json_schema(by_alias=True)
    return _structural(schema, schema.get("$defs", {}), ())


def _structural(node: Schema, definitions: dict[str, Schema], inside: tuple[str, ...]) -> Schema:
    node = _without_null(node)
    if "$ref" in node:
        return _inlined(node, definitions, inside)
    result = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        result["enum"] = [node["const"]]
    if "properties" in node:
        result["properties"] = {
            name: _structural(value, definitions, inside)
            for name, value in node["properties"].items()
        }
    if "items" in node:
        result["items"] = _structural(node["items"], definitions, inside)
    values = _values_of(node)
    if values is not None:
        result["additionalProperties"] = _structural(values, definitions, inside)
    return {**result, **_extensions(node)}


def _without_null(node: Schema) -> Schema:
    """Optional fields are absent, never null: ``anyOf: [X, null]`` is X."""
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) != 1:
        return node
    around = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return {**choices[0], **around}


def _inlined(node: Schema, definitions: dict[str, Schema], inside: tuple[str, ...]) -> Schema:
    name = node["$ref"].rpartition("/")[2]
    if inside.count(name) >= DEEPEST:
        return {"type": "object", PRESERVE: True}
    result = _structural(definitions[name], definitions, (*inside, name))
    if "description" in node:
        result["description"] = node["description"]
    return _bare(result) if name in inside else result


def _bare(schema: Any) -> Any:
    """Without rules, which inside lists of lists cost more than an API server's budget, and without
    descriptions, which stand one level above already and would make the definition too large.
    """
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _bare(value)
        for key, value in schema.items()
        if key != VALIDATIONS and not (key == "description" and isinstance(value, str))
    }


def _values_of(node: Schema) -> Schema | None:
    """The schema of a dict's values; keys of a certain pattern are the models' own business."""
    if "patternProperties" in node:
        (values,) = node["patternProperties"].values()
        return dict(values)
    values = node.get("additionalProperties")
    return values if isinstance(values, dict) else None


def _extensions(node: Schema) -> Schema:
    extensions = {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}
    untyped = PRESERVE in extensions and "type" not in node
    return {**({"nullable": True} if untyped else {}), **extensions}
