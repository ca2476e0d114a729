"""Resources as YAML that people read: block style, stable order, no anchors."""

from __future__ import annotations

import re
from typing import Any

import yaml

from lateen.resources.base import ResourceModel

WIDTH = 100

_OTHER_WORDS = re.compile(r"[yYnN]|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o?[0-7]+")
"""What kubectl reads as a boolean or a number, though PyYAML does not."""


class _Dumper(yaml.SafeDumper):
    """Writes repeated values out instead of anchors."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """Blocks for several lines; quotes for what a block or a bare word would not bring back."""
    lines = text.split("\n")
    if not all(line.isprintable() for line in lines):
        return '"'
    if len(lines) > 1:
        return "|" if all(line == line.rstrip() for line in lines) else '"'
    return "'" if _OTHER_WORDS.fullmatch(text) else None


_Dumper.add_representer(str, _text)


def to_yaml(*resources: ResourceModel) -> str:
    """The YAML of resources, as one document each."""
    return "---\n".join(yaml_text(resource.to_json()) for resource in resources)


def yaml_text(data: Any) -> str:
    """Any JSON value as YAML, keys in the order given."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text
