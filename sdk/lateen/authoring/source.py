"""The source that a function reaches, and its digest: what "the same code" means to the cache.

Read it downward: the walk over everything that is reached (`_Reach`) asks `syntax` for
parsed files and for the names that a piece of syntax takes from outside of itself. What is reached
gets a number in the order of its finding and never enters by its place (a module's name, a path,
a line), so that code keeps its digest when it moves.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import os
import sys
from collections import ChainMap, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePath
from types import (
    BuiltinFunctionType,
    CodeType,
    EllipsisType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    NoneType,
    NotImplementedType,
)
from typing import Any

from lateen.authoring.syntax import (
    SourceFile,
    Use,
    bound_by,
    class_definitions,
    definition,
    dotted,
    files_of,
    is_cell,
    source_file,
)

Resolve = Callable[["Use"], "str | None"]

_MARKERS = ("pyproject.toml", ".git", "setup.py")
_FOREIGN = frozenset({"site-packages", "dist-packages", ".venv", "venv"})
_STANDARD_LIBRARY = os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")
_OURS = os.path.join(os.path.realpath(os.path.dirname(os.path.dirname(__file__))), "")
_OF_A_MODULE = frozenset({"__name__", "__doc__", "__package__", "__spec__", "__loader__"})
_HEAP_TYPE = 1 << 9
_PLAIN = frozenset(
    {NoneType, bool, int, float, complex, bytes, range, EllipsisType, NotImplementedType}
)
_STABLE_REPR = frozenset(
    {
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
        "datetime.timezone",
        "decimal.Decimal",
        "fractions.Fraction",
        "re.Pattern",
        "uuid.UUID",
        "zoneinfo.ZoneInfo",
    }
)


def code_digest(function: Callable[..., Any], *, project_root: Path | None = None) -> str:
    """``sha256:<hex>`` of the source of a function or a class, with all that it reaches."""
    return _walked(function, project_root)[0]


def reached(function: Callable[..., Any], *, project_root: Path | None = None) -> tuple[str, ...]:
    """What of the project a function reaches, as sorted ``module:qualname``."""
    return _walked(function, project_root)[1]


def project_root(path: Path) -> Path:
    """The nearest folder around a file with a pyproject.toml, .git or setup.py, else its own."""
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if any(os.path.lexists(folder / marker) for marker in _MARKERS):
            return folder
    return start


def _walked(function: Callable[..., Any], root: Path | None) -> tuple[str, tuple[str, ...]]:
    plain: Any = function
    while not isinstance(plain, FunctionType) and (inner := _wrapped(plain)) is not None:
        plain = inner
    reach = _Reach(Path(os.path.abspath(root)) if root else _root_around(plain))
    digest = reach.digest(plain)
    return digest, tuple(sorted(reach.labels))


def _root_around(thing: object) -> Path:
    if isinstance(thing, type):
        filename = _namespace(thing.__module__).get("__file__")
    else:
        filename = getattr(getattr(thing, "__code__", None), "co_filename", None)
    if filename and os.path.isfile(filename):
        return project_root(Path(os.path.abspath(filename)))
    return project_root(Path.cwd())  # a cell of a notebook


class _Opaque(Exception):
    """A value that has no text of its own that would be the same in another process."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where the names of live code are looked up."""

    globals: Mapping[str, Any]
    closure: Mapping[str, Any] = field(default_factory=dict)
    outermost: str = ""
    """The name in the module of what the code is nested in, or its own."""

    @property
    def package(self) -> str:
        return str(self.globals.get("__package__") or "")


class _Reach:
    """A walk over all that a function reaches in its project."""

    def __init__(self, root: Path) -> None:
        self.labels: set[str] = set()
        self._root = str(root)
        self._numbers: dict[Hashable, int] = {}
        self._contents: list[Callable[[], Sequence[str]]] = []
        self._open: set[int] = set()

    def digest(self, function: Any) -> str:
        """The digest over everything reached; fills ``labels``."""
        if isinstance(function, FunctionType):
            first = self._number(id(function), None, lambda: self._source(function, is_root=True))
        else:
            first = self._described(function)
        hashed = hashlib.sha256(first.encode())
        for content in self._contents:  # grows while it is read
            hashed.update(repr(content()).encode())
        return f"sha256:{hashed.hexdigest()}"

    def _number(
        self, key: Hashable, label: str | None, content: Callable[[], Sequence[str]]
    ) -> str:
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self._contents.append(content)
            if label is not None:
                self.labels.add(label)
        return f"#{self._numbers[key]}"

    # Live code: names are what they are in this process.

    def _source(self, function: FunctionType, *, is_root: bool = False) -> list[str]:
        code, scope = function.__code__, _scope_of(function)
        resolve = functools.partial(self._live, scope=scope)
        found = definition(function)
        if found is not None and found.file.compiles_to(code):
            texts = self._syntax(found.file, found.node, resolve, decorated=not is_root)
        else:
            texts = [_code_text(code), *self._resolved(_code_uses(code), resolve)]
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        return [*texts, *map(self._described, defaults)]

    def _syntax(
        self, file: SourceFile, node: ast.AST, resolve: Resolve, *, decorated: bool = True
    ) -> list[str]:
        fragment = file.fragment(node)
        texts = [fragment.text, *self._resolved(fragment.uses, resolve)]
        for decorator in getattr(node, "decorator_list", ()) if decorated else ():
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            names = dotted(called)
            of = (resolve(Use(names)) if names else None) or ""
            if not of.startswith("library:lateen."):  # the options of a step are not its code
                texts += self._syntax(file, decorator, resolve)
        return texts

    def _resolved(self, uses: Iterable[Use], resolve: Resolve) -> Iterator[str]:
        for use in uses:
            reference = resolve(use)
            if reference is not None:
                yield f"{'.'.join(use.names)}={reference}"

    def _live(self, use: Use, scope: _Scope) -> str | None:
        if use.module is not None:
            return self._imported(_absolute(use.module, scope.package), use.names)
        first, *rest = use.names
        if first in scope.closure:
            return self._named(scope.closure[first], scope.globals, scope.outermost)
        if first in _OF_A_MODULE or first not in scope.globals:
            return None  # a builtin, or not there yet
        home, name, value = scope.globals, first, scope.globals[first]
        while isinstance(value, ModuleType) and self._owns(vars(value)) and rest:
            if rest[0] not in vars(value):
                break
            home, name = vars(value), rest.pop(0)
            value = home[name]
        if isinstance(value, ModuleType):
            return self._module(value, rest)
        return self._named(value, home, name)

    def _named(self, value: Any, home: Mapping[str, Any], name: str) -> str:
        if not callable(value):
            self.labels.add(f"{home.get('__name__')}:{name}")
        try:
            return self._value(value)
        except _Opaque:
            return f"{self._described(value)} {self._assigned(home, name)}"

    def _described(self, value: Any) -> str:
        try:
            return self._value(value)
        except _Opaque:
            return self._class(type(value))

    def _value(self, value: Any) -> str:
        kind = type(value)
        if kind in _PLAIN or _name_of(kind) in _STABLE_REPR:
            return repr(value)
        if kind is str or isinstance(value, PurePath):
            return f"{kind.__name__} {self._portable(str(value))!r}"
        if isinstance(value, Enum):
            return f"{self._class(kind)} {value.name}"
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType):
            return self._module(value)
        if isinstance(value, MethodType):
            return f"{self._value(value.__func__)} of {self._described(value.__self__)}"
        if isinstance(value, BuiltinFunctionType):
            return f"library:{_name_of(value)}"
        if id(value) in self._open:
            raise _Opaque
        self._open.add(id(value))
        try:
            return self._compound(value)
        finally:
            self._open.remove(id(value))

    def _compound(self, value: Any) -> str:
        kind = self._class(type(value))
        if isinstance(value, dict | MappingProxyType):
            pairs = [f"{self._value(key)}: {self._value(item)}" for key, item in value.items()]
            return f"{kind} {pairs}"
        if isinstance(value, list | tuple | deque):
            return f"{kind} {[self._value(item) for item in value]}"
        if isinstance(value, set | frozenset):
            return f"{kind} {sorted(map(self._value, value))}"
        if isinstance(value, functools.partial):
            return f"{kind} {self._value((value.func, value.args, value.keywords))}"
        inner = _wrapped(value)
        if inner is not None:
            return f"{kind} {self._value(inner)}"
        if kind.startswith("#"):
            return f"{kind} {self._value(_state(value))}"
        raise _Opaque

    def _portable(self, text: str) -> str:
        if text == self._root or text.startswith(os.path.join(self._root, "")):
            return "<project>" + text[len(self._root) :].replace(os.sep, "/")
        return text

    def _function(self, function: FunctionType) -> str:
        code, module = function.__code__, function.__globals__.get("__name__")
        if self._owns_code(code, function.__globals__):
            label = f"{module}:{code.co_qualname}"
            return self._number(id(function), label, lambda: self._source(function))
        inner = function.__dict__.get("__wrapped__")
        around = f" {self._described(inner)}" if inner is not None else ""
        return f"library:{module}.{code.co_qualname}{around}"

    def _class(self, kind: type) -> str:
        namespace = _namespace(kind.__module__)
        if not self._owns(namespace):
            return f"library:{_name_of(kind)}"
        label = f"{kind.__module__}:{kind.__qualname__}"
        return self._number(id(kind), label, lambda: self._class_source(kind, namespace))

    def _class_source(self, kind: type, namespace: Mapping[str, Any]) -> list[str]:
        members = [getattr(member, "__func__", member) for member in vars(kind).values()]
        methods = [member for member in members if isinstance(member, FunctionType)]
        closure = ChainMap(*map(closure_of, methods))
        scope = _Scope(namespace, closure, kind.__qualname__.partition(".")[0])
        written = class_definitions(kind, namespace)
        if written is None:  # made by a call: namedtuple(...), type(...)
            return [kind.__qualname__, *map(self._described, members)]
        file, nodes = written
        resolve = functools.partial(self._live, scope=scope)
        return [text for node in nodes for text in self._syntax(file, node, resolve)]

    def _module(self, module: ModuleType, rest: Sequence[str] = ()) -> str:
        namespace = vars(module)
        if not self._owns(namespace):
            return f"library:{'.'.join((module.__name__, *rest))}"
        name = module.__name__
        return self._number(id(module), name, lambda: self._module_source(namespace))

    def _module_source(self, namespace: Mapping[str, Any]) -> list[str]:
        resolve = functools.partial(self._live, scope=_Scope(namespace))
        return [
            text for file in files_of(namespace) for text in self._syntax(file, file.tree, resolve)
        ]

    def _assigned(self, home: Mapping[str, Any], name: str) -> str:
        label = f"{home.get('__name__')}:{name}"
        key = ("assigned", id(home), name)
        return self._number(key, label, lambda: tuple(self._assignments(home, name)))

    def _assignments(self, home: Mapping[str, Any], name: str) -> Iterator[str]:
        """The statements that make a value which has no text of its own."""
        scope = _Scope(home)
        resolve = functools.partial(self._live, scope=scope)
        file = next((file for file in files_of(home) if name in file.bindings), None)
        if file is None:
            return
        for statement in file.bindings[name]:
            imports = bound_by(statement).get(name, ())
            for use in imports:
                yield self._assigned_elsewhere(_absolute(use.module, scope.package), use.names)
            if not imports:
                yield from self._syntax(file, statement, resolve)

    def _assigned_elsewhere(self, module: str, names: tuple[str, ...]) -> str:
        namespace = _namespace(module)
        if names and self._owns(namespace):
            return self._assigned(namespace, names[0])
        return f"library:{'.'.join((module, *names))}"

    # Imports in a body: read, never run, and the same whether or not they have run already.

    def _imported(self, module: str, names: tuple[str, ...]) -> str:
        specification = _specification(module)
        file = self._file_of(specification)
        is_package = bool(specification and specification.submodule_search_locations is not None)
        if is_package and names and not (file and names[0] in file.bindings):
            inner = f"{module}.{names[0]}"
            if _specification(inner) is not None:
                return self._imported(inner, names[1:])
        if file is None:
            return f"library:{'.'.join((module, *names))}"
        package = module if is_package else module.rpartition(".")[0]
        resolve = functools.partial(self._static, file=file, module=module, package=package)
        if names:
            return resolve(Use(names)) or f"missing:{'.'.join(names)}"
        key = ("imported", file.filename)
        return self._number(key, module, lambda: self._syntax(file, file.tree, resolve))

    def _file_of(self, specification: ModuleSpec | None) -> SourceFile | None:
        if specification is None or not specification.has_location:
            return None
        filename = specification.origin or ""
        return source_file(filename) if _belongs(self._root, filename) else None

    def _static(self, use: Use, file: SourceFile, module: str, package: str) -> str | None:
        if use.module is not None:
            return self._imported(_absolute(use.module, package), use.names)
        statements = file.bindings.get(use.names[0]) or file.bindings.get("*")
        if statements is None:
            return None
        is_import = any(isinstance(each, ast.Import | ast.ImportFrom) for each in statements)
        resolve = functools.partial(self._static, file=file, module=module, package=package)
        return self._number(
            ("imported", file.filename, use.names),
            None if is_import else f"{module}:{use.names[0]}",
            lambda: tuple(self._static_source(file, use.names, package, resolve)),
        )

    def _static_source(
        self, file: SourceFile, names: tuple[str, ...], package: str, resolve: Resolve
    ) -> Iterator[str]:
        for statement in file.bindings.get(names[0], ()):
            imports = bound_by(statement).get(names[0], ())
            for use in imports:
                yield self._imported(_absolute(use.module, package), use.names + names[1:])
            if not imports:
                yield from self._syntax(file, statement, resolve)
        if names[0] not in file.bindings:
            for statement in file.bindings["*"]:
                for use in bound_by(statement)["*"]:
                    yield self._imported(_absolute(use.module, package), names)

    def _owns_code(self, code: CodeType, namespace: Mapping[str, Any]) -> bool:
        if os.path.isabs(code.co_filename) and not is_cell(code.co_filename):
            return _belongs(self._root, code.co_filename)
        return self._owns(namespace)

    def _owns(self, namespace: Mapping[str, Any]) -> bool:
        filename = namespace.get("__file__") or next(iter(namespace.get("__path__", ())), None)
        if filename is None:
            return namespace.get("__name__") == "__main__"
        return _belongs(self._root, filename)


@functools.lru_cache(maxsize=4096)
def _belongs(root: str, filename: str) -> bool:
    folder, path = os.path.join(os.path.realpath(root), ""), os.path.realpath(filename)
    if not path.startswith(folder) or path.startswith((_OURS, _STANDARD_LIBRARY)):
        return False
    return _FOREIGN.isdisjoint(path[len(folder) :].split(os.sep))


def _name_of(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _wrapped(value: object) -> object | None:
    try:
        return getattr(value, "__wrapped__", None)
    except Exception:  # a proxy that wants a context
        return None


def _state(value: object) -> object:
    """What an instance holds; _Opaque where a base written in C may hold more."""
    if not all(base is object or base.__flags__ & _HEAP_TYPE for base in type(value).__mro__):
        raise _Opaque
    return object.__getstate__(value)


def _namespace(module: str) -> Mapping[str, Any]:
    loaded = sys.modules.get(module)
    return vars(loaded) if loaded is not None else {}


def _scope_of(function: FunctionType) -> _Scope:
    outermost = function.__code__.co_qualname.partition(".")[0]
    return _Scope(function.__globals__, closure_of(function), outermost)


def closure_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The names that a function takes from the functions around it, as far as they are set."""
    if not isinstance(function, FunctionType):
        return {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    filled: dict[str, Any] = {}
    for name, cell in cells:
        try:
            filled[name] = cell.cell_contents
        except ValueError:  # assigned later than now
            continue
    return filled


def _code_text(code: CodeType) -> str:
    """Bytecode as text, for functions whose source cannot be read or is not what runs."""
    constants = [
        _code_text(constant)
        if isinstance(constant, CodeType)
        else repr(sorted(map(repr, constant)))
        if isinstance(constant, frozenset)
        else repr(constant)
        for constant in code.co_consts
    ]
    return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames))


def _code_uses(code: CodeType) -> Iterator[Use]:
    for name in (*code.co_names, *code.co_freevars):
        yield Use((name,))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_uses(constant)


def _absolute(module: str | None, package: str) -> str:
    try:
        return importlib.util.resolve_name(module or "", package or None)
    except ImportError:  # a relative import outside of a package
        return module or ""


def _specification(module: str) -> ModuleSpec | None:
    """Where a module comes from, found without running anything."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        return None
    loaded = sys.modules.get(module)
    if loaded is not None and loaded.__spec__ is not None:
        return loaded.__spec__
    parent, _, _ = module.rpartition(".")
    package = _specification(parent) if parent else None
    search = package.submodule_search_locations if package else None
    if parent and search is None:
        return None
    found = (finder.find_spec(module, search) for finder in sys.meta_path)
    return next(filter(None, found), None)
