"""Resources as YAML that people read: block style, stable order, no anchors."""

from __future__ import annotations

from typing import Any

import yaml

from lateen.resources.base import ResourceModel

WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Writes repeated values out, and indents lists under their key not at all, as kubectl does."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and _fits_a_block(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fits_a_block(text: str) -> bool:
    """A block cannot hold lines that end in spaces, tabs or what is not printable."""
    lines = text.split("\n")
    return all(line == line.rstrip() and (line.isprintable()) for line in lines)


_Dumper.add_representer(str, _text)


def to_yaml(*resources: ResourceModel) -> str:
    """The YAML of resources, as one document each."""
    return "---\n".join(yaml_text(resource.to_json()) for resource in resources)


def yaml_text(data: Any) -> str:
    """Any JSON value as YAML, keys in the order given."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text
