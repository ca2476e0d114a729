"""Files of resources: several YAML documents, with errors that name file and line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean
from lateen.resources.pipeline import PipelineResource
from lateen.resources.problems import Location, path_text, problems
from lateen.resources.run import RunResource

Resource = PipelineResource | RunResource

KINDS: dict[str, type[PipelineResource] | type[RunResource]] = {
    "Pipeline": PipelineResource,
    "Run": RunResource,
}


def load_resources(path: Path | str) -> list[Resource]:
    """The resources of a YAML file, in order; CompileError with file, line and field otherwise."""
    return parse_resources(Path(path).read_text(encoding="utf-8"), str(path))


def parse_resources(text: str, source: str) -> list[Resource]:
    """Like ``load_resources``, for text that came from ``source``."""
    return [_resource(node, source) for node in _documents(text, source)]


def _documents(text: str, source: str) -> Iterator[yaml.MappingNode]:
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}" if mark else source
        raise CompileError(f"this is not YAML: {error.problem}", place) from None
    for node in nodes:
        if isinstance(node, yaml.ScalarNode) and node.value == "":
            continue
        if not isinstance(node, yaml.MappingNode):
            raise CompileError("a resource is a mapping", _place(node, source))
        yield node


def _resource(node: yaml.MappingNode, source: str) -> Resource:
    _check_keys(node, source)
    data = _Loader("").construct_document(node)
    kind = data.get("kind")
    if kind not in KINDS:
        raise CompileError(
            f"the kind {kind!r} is not known{did_you_mean(str(kind), KINDS)}",
            _place(_node_at(node, ("kind",)), source),
        )
    try:
        return KINDS[kind].strict_from(data)
    except ValidationError as error:
        raise _compile_error(error, KINDS[kind], node, source) from None


def _compile_error(
    error: ValidationError,
    model: type[PipelineResource] | type[RunResource],
    node: yaml.MappingNode,
    source: str,
) -> CompileError:
    found = sorted(
        (_node_at(node, location).start_mark.line + 1, f"{path_text(location)}: {sentence}")
        for location, sentence in problems(error, model)
    )
    (first_line, first), *further = found
    more = [f"\n{source}:{line}: {message}" for line, message in further]
    return CompileError(first + "".join(more), f"{source}:{first_line}")


class _Loader(yaml.SafeLoader):
    """JSON's types only: a date stays text, and ``1e3`` is the number that kubectl takes it for."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def _check_keys(node: yaml.Node, source: str) -> None:
    """YAML lets the last of two equal keys win, which hides a mistake."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, source)
    elif isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            if key.value in seen:
                raise CompileError(f"the key {key.value!r} stands there twice", _place(key, source))
            seen.add(key.value)
            _check_keys(value, source)


def _place(node: yaml.Node, source: str) -> str:
    return f"{source}:{node.start_mark.line + 1}"


def _node_at(root: yaml.Node, location: Location) -> yaml.Node:
    """The node at a path, or the nearest one above it that exists."""
    node, nearest = root, root
    for part in location:
        if isinstance(node, yaml.MappingNode):
            key, value = _entry(node, part)
            if value is None or key is None:
                return nearest
            nearest, node = key, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return nearest
            nearest = node = node.value[part]
    return nearest


def _entry(node: yaml.MappingNode, name: Any) -> tuple[yaml.Node | None, yaml.Node | None]:
    found = ((key, value) for key, value in node.value if key.value == str(name))
    return next(found, (None, None))
