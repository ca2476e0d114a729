"""Loading a value from a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.domain.errors import LateenError, MaterializerError
from lateen.materializers.annotations import is_class
from lateen.materializers.base import BaseMaterializer
from lateen.materializers.builtin import Nesting
from lateen.materializers.classes import Resolver, Trusted, as_resolver, loaded, resolve_dotted
from lateen.materializers.formats import FORMATS, built_in
from lateen.materializers.registry import registered_under


def load(  # noqa: PLR0913 - what the catalog records of an artifact, name by name
    directory: Path,
    *,
    format: str,
    type: str,
    materializer: str,
    annotation: Any = Any,
    trusted: Trusted = None,
    allow_pickle: bool = False,
) -> Any:
    """The value whose files lie in a directory, by what ``Saved`` recorded of it.

    Built-in formats run no code, but for importing modules whose source defines a recorded
    dataclass, NamedTuple or Enum. A custom materializer is looked for in ``trusted``, among the
    registered ones, and then by importing its module. Pickles load only with ``allow_pickle``.

    Raises:
        MaterializerError: the format or a class is not known here, or the files are damaged.
        SetupError: a library that the format needs is not installed.
    """
    resolver = as_resolver(trusted)
    if format == "custom":
        chosen: BaseMaterializer = _custom(materializer, resolver)(directory)
    else:
        chosen = _instance(directory, format, resolver, allow_pickle)
    try:
        return chosen.load(_data_type(type, annotation))
    except (LateenError, MemoryError):
        raise
    except Exception as error:
        raise MaterializerError(
            f"{materializer} failed to load a {type}: {error.__class__.__name__}: {error}"
        ) from error


def _instance(
    directory: Path, format: str, resolver: Resolver, allow_pickle: bool
) -> BaseMaterializer:
    if format not in FORMATS:
        raise MaterializerError(
            f"the artifact has the format {format!r}, but this Lateen knows {', '.join(FORMATS)}"
            f" and custom. Upgrade with: pip install --upgrade lateen"
        )
    if format == "pickle" and not allow_pickle:
        raise MaterializerError(
            "the artifact is a pickle, whose loading runs code, and nobody allowed that: its"
            " author can with ArtifactConfig(allow_pickle=True)"
        )

    def load_item(item_directory: Path, record: dict[str, Any]) -> Any:
        names = {name: str(record[name]) for name in ("format", "type", "materializer")}
        return load(item_directory, **names, trusted=resolver, allow_pickle=allow_pickle)

    chosen = built_in(format)(directory, Nesting(load=load_item, resolver=resolver))
    chosen.format = format
    return chosen


def _custom(name: str, resolver: Resolver) -> type[BaseMaterializer]:
    found = resolver(name) or registered_under(name) or resolve_dotted(name, resolver)
    if found is None or not issubclass(found, BaseMaterializer):
        raise MaterializerError(
            f"the artifact was saved by the materializer {name}, and there is none of that name"
            f" here: install its package, or put its source on the path"
        )
    return found


def _data_type(name: str, annotation: Any) -> type[Any]:
    """The class that ``load`` is called with: the value's own where it is imported already."""
    return loaded(name) or (annotation if is_class(annotation) else object)
