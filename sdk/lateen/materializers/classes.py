"""The classes that artifacts name: how a name is recorded, and how it becomes a class again.

A name is resolved among the classes that the caller trusts, then in modules that are already
imported. Only then is a module imported, and only where its source text defines a class of that
name: importing runs the module's top level, so an artifact must not pick any module it likes.
Callers check afterwards that the class is what the artifact says (a dataclass, an Enum, a
NamedTuple, a materializer); no constructor is called here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lateen.domain.errors import MaterializerError, UnsupportedTypeError

Resolver = Callable[[str], type[Any] | None]
Trusted = Mapping[str, type[Any]] | Resolver | None

_FACTORIES = frozenset(
    {"namedtuple", "NamedTuple", "make_dataclass", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}
)


def name_of(cls: type[Any]) -> str:
    """``module.Qualname``, the name under which the catalog records a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def reference(cls: type[Any]) -> str:
    """``module:Qualname``, the name under which a value's files record its class.

    Raises:
        UnsupportedTypeError: the name would not lead back to a class, so loading would fail.
    """
    if _imported(cls.__module__, cls.__qualname__) is None:
        raise UnsupportedTypeError(
            f"values of {name_of(cls)} could be saved but never loaded: the class cannot be"
            f" reached by its name. Define it at the top level of a module, not in a function"
        )
    return f"{cls.__module__}:{cls.__qualname__}"


def resolve(recorded: Any, resolver: Resolver) -> type[Any]:
    """The class recorded as ``module:Qualname``.

    Raises:
        MaterializerError: it is trusted nowhere, not imported, and cannot be imported by name.
    """
    module, _, qualname = recorded.partition(":") if isinstance(recorded, str) else ("", "", "")
    if not _is_dotted(module) or not _is_dotted(qualname):
        raise MaterializerError(f"the artifact names a class as {recorded!r}: not module:Qualname")
    found = resolver(f"{module}.{qualname}") or _imported(module, qualname)
    return found or _import(module, qualname)


def resolve_dotted(name: str, resolver: Resolver) -> type[Any] | None:
    """The class recorded as ``module.Qualname``, or None; the longest module name comes first."""
    found = resolver(name)
    for module, qualname in _splits(name):
        found = found or _imported(module, qualname)
    for module, qualname in _splits(name):
        if found is None and _source_defines(module, qualname):
            found = _import(module, qualname)
    return found


def loaded(name: str) -> type[Any] | None:
    """The class ``module.Qualname`` if its module is imported already; never imports one."""
    for module, qualname in _splits(name):
        found = _imported(module, qualname)
        if found is not None:
            return found
    return None


def as_resolver(trusted: Trusted) -> Resolver:
    """A resolver for what callers may give: a mapping, a resolver of their own, or nothing."""
    if callable(trusted):
        return trusted
    return ({} if trusted is None else trusted).get


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _splits(name: str) -> Iterator[tuple[str, str]]:
    parts = name.split(".")
    if _is_dotted(name):
        for end in range(len(parts) - 1, 0, -1):
            yield ".".join(parts[:end]), ".".join(parts[end:])


def _imported(module: str, qualname: str) -> type[Any] | None:
    scope: Any = sys.modules.get(module)
    found: type[Any] | None = None
    for part in qualname.split("."):
        # vars, not getattr: a module's or metaclass's __getattr__ would run code.
        found = None if scope is None else vars(scope).get(part)
        if not isinstance(found, type):
            return None
        scope = found
    return found


def _import(module: str, qualname: str) -> type[Any]:
    if not _source_defines(module, qualname):
        raise MaterializerError(
            f"the artifact needs the class {qualname} of {module}, and no module of that name here"
            f" defines it. Install it, or put its source on the path"
        )
    try:
        import_module(module)
    except Exception as error:
        raise MaterializerError(
            f"the artifact needs the class {qualname} of {module}, and importing {module} fails:"
            f" {type(error).__name__}: {error}"
        ) from error
    found = _imported(module, qualname)
    if found is None:
        raise MaterializerError(f"the module {module} has no class {qualname} any more")
    return found


def _source_defines(module: str, qualname: str) -> bool:
    import ast

    try:
        spec = find_spec(module)
        source = spec.loader.get_source(module) if spec and spec.loader else None  # type: ignore[attr-defined]
        nodes = ast.walk(ast.parse(source or ""))
    except (ImportError, AttributeError, ValueError, SyntaxError):
        return False
    return any(_defines(node, qualname.partition(".")[0]) for node in nodes)


def _defines(node: Any, name: str) -> bool:
    """Whether a syntax node is the class of that name, or assigns one that a factory makes."""
    if type(node).__name__ == "ClassDef":
        return bool(node.name == name)
    if type(node).__name__ != "Assign" or type(node.value).__name__ != "Call":
        return False
    function = node.value.func
    factory = getattr(function, "attr", None) or getattr(function, "id", None)
    targets = [getattr(target, "id", None) for target in node.targets]
    return factory in _FACTORIES and name in targets
