"""Parsed files, and the names that a piece of syntax takes from outside of itself."""

from __future__ import annotations

import ast
import functools
import linecache
import os
import warnings
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import (
    CodeType,
)
from typing import Any

from lateen.authoring.location import shown

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def definition(function: Callable[..., Any]) -> Definition | None:
    """Where a Python function is written, or None where its source cannot be read.

    What was found first is kept: after an edit without a reload the old code still runs.
    """
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    if id(code) not in _definitions:
        _definitions[id(code)] = (code, find_definition(code))
    return _definitions[id(code)][1]


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
        self.is_cell = is_cell
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
        return self.is_cell or code in self._codes.get(place, ())

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
    if is_cell(filename):
        return (linecache.cache[filename][0],)
    try:
        status = os.stat(filename)
    except (OSError, ValueError):
        return None
    return (status.st_mtime_ns, status.st_size)


def _parsed(filename: str) -> SourceFile | None:
    cell = is_cell(filename)
    try:
        text = "".join(linecache.getlines(filename)) if cell else Path(filename).read_bytes()
        tree = _compiled(text, filename, ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (OSError, SyntaxError, ValueError):
        return None
    return SourceFile(filename, tree, is_cell=cell)


# One at a time: Python 3.11 counts the depth of all threads' trees in one place, and fails where
# they mix; the filters of warnings are of the process, too.
_COMPILING = allocate_lock()


def _compiled(text: str | bytes | ast.Module, filename: str, flags: int = 0) -> Any:
    with _COMPILING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import has shown them
        return compile(text, filename, "exec", flags, dont_inherit=True)


def is_cell(filename: str) -> bool:
    """Whether a file is a cell of a notebook: text that only ``linecache`` holds."""
    entry = linecache.cache.get(filename)
    return entry is not None and len(entry) == 4 and entry[1] is None


def files_of(namespace: Mapping[str, Any]) -> Iterator[SourceFile]:
    """The file of a module, or a notebook's cells, the newest first."""
    filename = namespace.get("__file__")
    cells = (name for name in reversed(list(linecache.cache)) if is_cell(name))
    for name in [filename] if filename else cells:
        file = source_file(name)
        if file is not None:
            yield file


def find_definition(code: CodeType) -> Definition | None:
    """The syntax of the one function that code was compiled from; None where that is not clear."""
    file = source_file(code.co_filename)
    place = (code.co_qualname, code.co_firstlineno)
    nodes = file.functions.get(place, []) if file else []
    return Definition(file, nodes[0]) if file and len(nodes) == 1 else None


def class_definitions(
    kind: type, namespace: Mapping[str, Any]
) -> tuple[SourceFile, list[ast.ClassDef]] | None:
    """The file that defines a class, with every definition of its name; None where none does."""
    if id(kind) not in _classes:
        name = kind.__qualname__
        files = (file for file in files_of(namespace) if name in file.classes)
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
