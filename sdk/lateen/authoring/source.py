"""The source that a function reaches, and its digest: what "the same code" means to the cache.

Read it downward: a walk over everything that is reached (`_Reach`), one parsed file (`SourceFile`),
the names that a piece of syntax takes from outside of itself (`_UseReader`). What is reached gets
a number in the order of its finding and never enters by its place (a module's name, a path,
a line), so that code keeps its digest when it moves.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import linecache
import os
import sys
import warnings
from collections import ChainMap, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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

from lateen.authoring.location import shown

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
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


def definition(function: Callable[..., Any]) -> Definition | None:
    """Where a Python function is written, or None where its source cannot be read.

    What was found first is kept: after an edit without a reload the old code still runs.
    """
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    if id(code) not in _definitions:
        _definitions[id(code)] = (code, _find_definition(code))
    return _definitions[id(code)][1]


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
        written = _class_definitions(kind, namespace)
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
            text for file in _files_of(namespace) for text in self._syntax(file, file.tree, resolve)
        ]

    def _assigned(self, home: Mapping[str, Any], name: str) -> str:
        label = f"{home.get('__name__')}:{name}"
        key = ("assigned", id(home), name)
        return self._number(key, label, lambda: tuple(self._assignments(home, name)))

    def _assignments(self, home: Mapping[str, Any], name: str) -> Iterator[str]:
        """The statements that make a value which has no text of its own."""
        scope = _Scope(home)
        resolve = functools.partial(self._live, scope=scope)
        file = next((file for file in _files_of(home) if name in file.bindings), None)
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
        if os.path.isabs(code.co_filename) and not _is_cell(code.co_filename):
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


# Parsed files


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a function is written: its file and its node there."""

    file: SourceFile
    node: FunctionNode

    def location(self, node: ast.AST | None = None) -> str:
        """``file.py:12`` of the function, or of a node in it."""
        return shown(self.file.filename, getattr(node or self.node, "lineno", 0))


@dataclass(frozen=True, slots=True)
class Use:
    """A dotted name that a piece of syntax takes from outside of itself."""

    names: tuple[str, ...]
    module: str | None = None
    """The module, as written, that the same syntax imports it from."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of syntax: its text without layout, and what it takes from outside of itself."""

    text: str
    uses: tuple[Use, ...]


class SourceFile:
    """One parsed file, and where in it each name is defined."""

    def __init__(self, filename: str, tree: ast.Module, *, is_cell: bool) -> None:
        self.filename = filename
        self.tree = tree
        self.functions: dict[tuple[str, int], list[FunctionNode]] = {}
        self.classes: dict[str, list[ast.ClassDef]] = {}
        self._is_cell = is_cell
        self._fragments: dict[ast.AST, Fragment] = {}
        self._index()

    def fragment(self, node: ast.AST) -> Fragment:
        """A node of this file without its decorators."""
        if node not in self._fragments:
            reader = _UseReader()
            reader.read(node)
            self._fragments[node] = Fragment(_text(node), tuple(reader.uses))
        return self._fragments[node]

    def compiles_to(self, code: CodeType) -> bool:
        """Whether this text is what runs: the file may have been edited after its import."""
        place = (code.co_qualname, code.co_firstlineno)
        return self._is_cell or code in self._codes.get(place, ())

    @functools.cached_property
    def bindings(self) -> dict[str, list[ast.stmt]]:
        """The statements at the top of the module that bind or change each name."""
        found: dict[str, list[ast.stmt]] = {}
        for statement, headers in _statements(self.tree.body):
            nodes = own_nodes(headers)
            names = (name for node in nodes for name in (*bound_by(node), *_base(node)))
            for name in dict.fromkeys(names):
                found.setdefault(name, []).append(statement)
        return found

    @functools.cached_property
    def _codes(self) -> dict[tuple[str, int], list[CodeType]]:
        found: dict[tuple[str, int], list[CodeType]] = {}
        pending: list[CodeType] = [_compiled(self.tree, self.filename)]
        while pending:
            code = pending.pop()
            found.setdefault((code.co_qualname, code.co_firstlineno), []).append(code)
            pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        return found

    def _index(self) -> None:
        pending: list[tuple[ast.AST, str]] = [(self.tree, "")]
        while pending:
            node, prefix = pending.pop()
            if isinstance(node, FunctionNode):
                name = prefix + getattr(node, "name", "<lambda>")
                self.functions.setdefault((name, _first_line(node)), []).append(node)
                prefix = f"{name}.<locals>."
            elif isinstance(node, ast.ClassDef):
                name = prefix + node.name
                self.classes.setdefault(name, []).append(node)
                prefix = f"{name}."
            pending.extend((child, prefix) for child in ast.iter_child_nodes(node))


_definitions: dict[int, tuple[CodeType, Definition | None]] = {}
_classes: dict[int, tuple[type, tuple[SourceFile, list[ast.ClassDef]] | None]] = {}
_files: dict[str, tuple[tuple[object, ...], SourceFile | None]] = {}


def source_file(filename: str) -> SourceFile | None:
    """A file or a notebook's cell, parsed once for each state of it; None if it cannot be."""
    stamp = _stamp(filename)
    if stamp is None:
        return None
    if filename not in _files or _files[filename][0] != stamp:
        _files[filename] = (stamp, _parsed(filename))
    return _files[filename][1]


def _stamp(filename: str) -> tuple[object, ...] | None:
    if _is_cell(filename):
        return (linecache.cache[filename][0],)
    try:
        status = os.stat(filename)
    except (OSError, ValueError):
        return None
    return (status.st_mtime_ns, status.st_size)


def _parsed(filename: str) -> SourceFile | None:
    is_cell = _is_cell(filename)
    try:
        text = "".join(linecache.getlines(filename)) if is_cell else Path(filename).read_bytes()
        tree = _compiled(text, filename, ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (OSError, SyntaxError, ValueError):
        return None
    return SourceFile(filename, tree, is_cell=is_cell)


def _compiled(text: str | bytes | ast.Module, filename: str, flags: int = 0) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import has shown them
        return compile(text, filename, "exec", flags, dont_inherit=True)


def _is_cell(filename: str) -> bool:
    """Whether a file is a cell of a notebook: text that only ``linecache`` holds."""
    entry = linecache.cache.get(filename)
    return entry is not None and len(entry) == 4 and entry[1] is None


def _files_of(namespace: Mapping[str, Any]) -> Iterator[SourceFile]:
    """The file of a module, or a notebook's cells, the newest first."""
    filename = namespace.get("__file__")
    cells = (name for name in reversed(list(linecache.cache)) if _is_cell(name))
    for name in [filename] if filename else cells:
        file = source_file(name)
        if file is not None:
            yield file


def _find_definition(code: CodeType) -> Definition | None:
    file = source_file(code.co_filename)
    place = (code.co_qualname, code.co_firstlineno)
    nodes = file.functions.get(place, []) if file else []
    return Definition(file, nodes[0]) if file and len(nodes) == 1 else None


def _class_definitions(
    kind: type, namespace: Mapping[str, Any]
) -> tuple[SourceFile, list[ast.ClassDef]] | None:
    if id(kind) not in _classes:
        name = kind.__qualname__
        files = (file for file in _files_of(namespace) if name in file.classes)
        file = next(files, None)
        _classes[id(kind)] = (kind, (file, file.classes[name]) if file else None)
    return _classes[id(kind)][1]


# Syntax

_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES = FunctionNode | ast.ClassDef
_LAYOUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def dotted(node: ast.AST) -> tuple[str, ...]:
    """The parts of ``a.b.c``, or nothing if the node is anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def own_nodes(roots: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope, without those of functions, classes and comprehensions in it."""
    pending = deque(roots)
    while pending:
        node = pending.popleft()
        yield node
        if isinstance(node, _COMPREHENSIONS):  # of which only := binds names out here
            inner = (each for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
            pending.extend(each.target for each in inner)
        elif not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))


class _UseReader:
    """Collects the names that a piece of syntax takes from outside of itself."""

    def __init__(self) -> None:
        self.uses: dict[Use, None] = {}
        self._scopes: list[Mapping[str, Sequence[Use]]] = []

    def read(self, node: ast.AST) -> None:
        """Collect those of a node, for a definition without its decorators."""
        if isinstance(node, FunctionNode):
            self._read_function(node)
        elif isinstance(node, ast.ClassDef):
            self._visit((*node.bases, *node.keywords, *node.body))
        else:
            self._visit([node])

    def _visit(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    self._take((node.id,))
            elif isinstance(node, ast.Attribute) and (names := dotted(node)):
                self._take(names)
            elif isinstance(node, _SCOPES):
                self._visit(getattr(node, "decorator_list", ()))
                self.read(node)
            elif isinstance(node, _COMPREHENSIONS):
                self._visit([node.generators[0].iter])  # belongs to the scope around
                with self._scope(_bound_in(loop.target for loop in node.generators)):
                    self._visit(ast.iter_child_nodes(node))
            else:
                self._visit(ast.iter_child_nodes(node))

    def _read_function(self, node: FunctionNode) -> None:
        self._visit([node.args])
        if not isinstance(node, ast.Lambda) and node.returns is not None:
            self._visit([node.returns])
        body: Sequence[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
        parameters: dict[str, list[Use]] = {name: [] for name in parameter_names(node)}
        with self._scope({**parameters, **_bound_in(body)}):
            self._visit(body)

    @contextmanager
    def _scope(self, names: Mapping[str, Sequence[Use]]) -> Iterator[None]:
        self._scopes.append(names)
        yield
        self._scopes.pop()

    def _take(self, names: tuple[str, ...]) -> None:
        for scope in reversed(self._scopes):
            if names[0] in scope:
                for imported in scope[names[0]]:
                    self.uses[Use(imported.names + names[1:], imported.module)] = None
                return
        self.uses[Use(names)] = None


def parameter_names(node: FunctionNode) -> tuple[str, ...]:
    """The names of all parameters, ``*rest`` and ``**options`` too."""
    every = node.args
    rest = [argument for argument in (every.vararg, every.kwarg) if argument is not None]
    return tuple(
        argument.arg for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs, *rest)
    )


def _bound_in(roots: Iterable[ast.AST]) -> dict[str, list[Use]]:
    """The names that a scope binds, each with what it imports under it."""
    bound: dict[str, list[Use]] = {}
    elsewhere: set[str] = set()
    for node in own_nodes(roots):
        if isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
        for name, imports in bound_by(node).items():
            bound.setdefault(name, []).extend(imports)
    return {name: imports for name, imports in bound.items() if name not in elsewhere}


def bound_by(node: ast.AST) -> dict[str, list[Use]]:
    """The names that a node itself binds, each with what it imports under it."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name: []}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name: []}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return {name: []}
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return {name: []}
        case ast.Import():
            return _imports(node)
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            uses = [(each.asname or each.name, Use((each.name,), module)) for each in node.names]
            return {name: [use] for name, use in uses}
    return {}


def _imports(node: ast.Import) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for each in node.names:
        top = each.name.partition(".")[0]
        found[each.asname or top] = [Use((), each.name if each.asname else top)]
    return found


def _base(node: ast.AST) -> tuple[str, ...]:
    """The name whose value is changed in place: ``frame`` in ``frame["x"] = 1``."""
    if not isinstance(node, ast.Subscript | ast.Attribute) or isinstance(node.ctx, ast.Load):
        return ()
    inner: ast.AST = node
    while isinstance(inner, ast.Subscript | ast.Attribute):
        inner = inner.value
    return (inner.id,) if isinstance(inner, ast.Name) else ()


def _statements(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.stmt, list[ast.AST]]]:
    """Each statement of a module with the nodes by which itself, not one inside it, may bind."""
    for statement in body:
        if isinstance(statement, _SCOPES):
            yield statement, [statement]
            continue
        inner: list[ast.stmt] = []
        headers: list[ast.AST] = []
        pending = deque(ast.iter_child_nodes(statement))
        while pending:
            child = pending.popleft()
            if isinstance(child, ast.stmt):
                inner.append(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                pending.extend(ast.iter_child_nodes(child))
            else:
                headers.append(child)
        yield statement, headers if inner else [statement]
        yield from _statements(inner)


def _first_line(node: FunctionNode) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _text(root: ast.AST) -> str:
    """Syntax as text without places, comments, docstrings and the decorators on top."""
    pieces: list[str] = []
    pending: list[Any] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        pieces.append(f"{type(item).__name__}(")
        pending.append(")")
        for name in reversed(item._fields):
            if name not in _LAYOUT and not (name == "decorator_list" and item is root):
                pending += _field(item, name)
    return "".join(pieces)


def _field(node: ast.AST, name: str) -> list[Any]:
    """What to write for a field of a node, the last first."""
    value = getattr(node, name, None)
    if isinstance(value, list):
        items = value[1:] if name == "body" and _has_docstring(node) else value
        parts = [item if isinstance(item, ast.AST) else repr(item) for item in reversed(items)]
        return ["]", *parts, f" {name}=["] if items else []
    if value is None and not isinstance(node, ast.Constant):
        return []
    return [value if isinstance(value, ast.AST) else repr(value), f" {name}="]


def _has_docstring(node: ast.AST) -> bool:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())), *_]:
            return True
    return False
