"""Which parameters of a pipeline stay symbolic, read off the syntax of its body.

A parameter that is only ever passed on whole to steps can be set for each Run; one that the body
looks at is baked into the compiled pipeline. In doubt it is baked.
"""

from __future__ import annotations

import ast
import inspect
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from lateen.authoring.source import closure_of
from lateen.authoring.syntax import (
    FunctionNode,
    bound_by,
    definition,
    dotted,
    parameter_names,
)

_READS_EVERYTHING = frozenset({"locals", "vars", "eval", "exec", "dir"})
_ABOUT_THE_CALL = frozenset({"after"})


def symbolic_parameters(
    function: Callable[..., Any], is_step: Callable[[object], bool]
) -> frozenset[str]:
    """The parameters of which every use is a whole argument of a call of a step.

    ``is_step`` says whether an object that the body's globals or closure hold is a step or
    a pipeline. Without the source no parameter is symbolic.
    """
    found = definition(function)
    if found is None or isinstance(found.node, ast.Lambda):
        return frozenset()
    body = _Body(found.node, function, is_step)
    return frozenset(name for name in _single_parameters(found.node) if body.only_passes_on(name))


def _single_parameters(node: FunctionNode) -> list[str]:
    collecting = {each.arg for each in (node.args.vararg, node.args.kwarg) if each is not None}
    return [name for name in parameter_names(node) if name not in collecting]


class _Body:
    """The body of a pipeline: where each name is used, and which calls in it are steps."""

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        function: Callable[..., Any],
        is_step: Callable[[object], bool],
    ) -> None:
        self._outside = _names_around(function)
        self._is_step = is_step
        self._parameters = frozenset(parameter_names(node))
        self._nodes = [each for statement in node.body for each in ast.walk(statement)]
        self._aliases = dict(self._simple_assignments())
        self._bound = [name for each in self._nodes for name in bound_by(each)]
        self._passed_on = set(map(id, self._whole_arguments(node)))

    def only_passes_on(self, parameter: str) -> bool:
        """Whether every use of the parameter is a whole argument of a call of a step."""
        uses = (each for each in self._nodes if isinstance(each, ast.Name))
        return (
            parameter not in self._bound
            and all(id(use) in self._passed_on for use in uses if use.id == parameter)
            and not any(isinstance(each, ast.Call) and _reads_all(each) for each in self._nodes)
        )

    def _whole_arguments(self, node: ast.AST) -> Iterator[ast.Name]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FunctionNode | ast.ClassDef):
                continue  # runs at another time, if it does
            if isinstance(child, ast.Call) and self._gives_step(child.func):
                yield from _whole_names(child)
            yield from self._whole_arguments(child)

    def _gives_step(self, expression: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        if isinstance(expression, ast.Call):
            options = expression.func
            return (
                isinstance(options, ast.Attribute)
                and options.attr == "with_options"
                and self._gives_step(options.value, seen)
            )
        names = dotted(expression)
        if not names or names[0] in self._parameters:
            return False
        if names[0] in self._bound:
            alias = self._aliases.get(names[0]) if len(names) == 1 else None
            once = self._bound.count(names[0]) == 1 and names[0] not in seen
            return alias is not None and once and self._gives_step(alias, seen | {names[0]})
        return self._is_step(_found(names, self._outside))

    def _simple_assignments(self) -> Iterator[tuple[str, ast.expr]]:
        for each in self._nodes:
            match each:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield name, value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield name, value


def _whole_names(call: ast.Call) -> Iterator[ast.Name]:
    named = (
        keyword.value
        for keyword in call.keywords
        if keyword.arg is not None and keyword.arg not in _ABOUT_THE_CALL
    )
    for argument in (*call.args, *named):
        if isinstance(argument, ast.Name):
            yield argument


def _reads_all(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _READS_EVERYTHING


def _names_around(function: Callable[..., Any]) -> Mapping[str, object]:
    return ChainMap(closure_of(function), getattr(function, "__globals__", {}))


def _found(names: tuple[str, ...], outside: Mapping[str, object]) -> object:
    """What a dotted name stands for outside of the body, without running a property."""
    value = outside.get(names[0])
    for name in names[1:]:
        if isinstance(value, ModuleType):  # which may load its names lazily
            value = getattr(value, name, None)
        else:
            value = inspect.getattr_static(value, name, None)
    return value
