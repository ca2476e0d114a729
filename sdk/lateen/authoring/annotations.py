"""A step's outputs and inputs, read off its annotations and its return statements."""

from __future__ import annotations

import ast
import inspect
import string
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, NoReturn

from lateen.authoring.location import shown
from lateen.authoring.source import closure_of
from lateen.authoring.syntax import Definition, definition, own_nodes
from lateen.domain.errors import CompileError

PLACEHOLDERS = ("date", "time")
SINGLE_OUTPUT = "output"

_NO_OUTPUT = (None, types.NoneType, NoReturn, typing.Never)


@dataclass(frozen=True, slots=True)
class ArtifactConfig:
    """How the artifact of an output is published: ``Annotated[int, ArtifactConfig(name="n")]``."""

    name: str | None = None
    """The artifact's name, or a template of it such as ``data_{date}``."""
    version: str | int | None = None
    """A name for the version; Lateen numbers it in any case."""
    tags: Sequence[str] = ()
    run_metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Metadata that every version of the artifact gets."""
    artifact_type: str | Enum | None = None
    """The kind of the artifact; the materializer's where it is not given."""
    allow_pickle: bool = False
    """Whether a value that nothing else can save may be pickled; loading a pickle runs code."""

    def __post_init__(self) -> None:
        if isinstance(self.tags, str):
            raise CompileError(f"ArtifactConfig(tags={self.tags!r}): tags are a list of strings")
        object.__setattr__(self, "tags", tuple(self.tags or ()))
        object.__setattr__(self, "run_metadata", dict(self.run_metadata or {}))


@dataclass(frozen=True, slots=True)
class DeclaredOutput:
    """An output of a step as its function declares it."""

    key: str
    """What the output is called in its step."""
    annotation: Any = Any
    """The type, without ``Annotated``."""
    artifact: str | None = None
    """The artifact's name or template, None where the author gives none."""
    version: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    kind: str | None = None
    allow_pickle: bool = False

    @staticmethod
    def of(key: str, annotation: Any, config: ArtifactConfig) -> DeclaredOutput:
        """The output that an author configured."""
        kind = config.artifact_type
        return DeclaredOutput(
            key=key,
            annotation=annotation,
            artifact=config.name,
            version=None if config.version is None else str(config.version),
            tags=tuple(config.tags),
            metadata=config.run_metadata,
            kind=str(kind.value) if isinstance(kind, Enum) else kind,
            allow_pickle=config.allow_pickle,
        )


def declared_outputs(function: Callable[..., Any]) -> tuple[DeclaredOutput, ...]:
    """The outputs of a step's function, in order; CompileError where they contradict it."""
    return _Signature(function).outputs()


def is_multiple(function: Callable[..., Any]) -> bool:
    """Whether the value is a tuple to be split into the outputs; CompileError as above."""
    return _Signature(function).elements() is not None


def input_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """The type of each parameter without ``Annotated``, Any where there is none to be had.

    A default of None makes a type optional.
    """
    plain = inspect.unwrap(function)
    written = _written_annotations(plain)
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(plain).parameters.items():
        annotation = _input_annotation(written.get(name, Any), plain)
        optional = parameter.default is None and annotation is not Any
        found[name] = typing.Union[annotation, None] if optional else annotation  # noqa: UP007
    return found


def check_placeholders(template: str, location: str | None = None) -> tuple[str, ...]:
    """The placeholders in the name of an artifact; CompileError for one that is not known."""
    known = " and ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise CompileError(
            f"the name {template!r} cannot be read as a template ({error}); braces stand around"
            f" placeholders only, and there are {known}",
            location,
        ) from None
    for name in fields:
        if name not in PLACEHOLDERS:
            raise CompileError(
                f"the name {template!r} has the unknown placeholder {{{name}}}; there are {known}",
                location,
            )
    return tuple(fields)


class _Signature:
    """What a function says about its outputs, by its annotation and by its return statements."""

    def __init__(self, function: Callable[..., Any]) -> None:
        plain = inspect.unwrap(function)
        self.name = getattr(plain, "__name__", repr(plain))
        self._definition = definition(plain)
        self._location = _location(plain, self._definition)
        self._refuse_generators(plain)
        written = _written_annotations(plain)
        self._is_annotated = "return" in written
        self._annotation = self._evaluated_return(written.get("return", Any), plain)
        self._returns = _returns(self._definition) if self._definition else None

    def outputs(self) -> tuple[DeclaredOutput, ...]:
        """The outputs in order."""
        elements = self.elements()
        if elements is None:
            return () if self._has_none() else (self._output(SINGLE_OUTPUT, self._annotation),)
        outputs = [
            self._output(f"{SINGLE_OUTPUT}_{index}", element)
            for index, element in enumerate(elements)
        ]
        self._refuse_duplicates(outputs)
        return tuple(outputs)

    def elements(self) -> tuple[Any, ...] | None:
        """The annotations of several outputs; None where there is at most one."""
        if not self._is_annotated:
            return self._displayed()
        elements = _fixed_elements(self._annotation)
        if elements is None:
            return None
        declared = any(typing.get_origin(element) is Annotated for element in elements)
        if not declared and self._returns and self._displayed() is None:
            return None
        self._refuse_other_lengths(len(elements))
        return elements

    def _has_none(self) -> bool:
        if self._is_annotated:
            return any(self._annotation is nothing for nothing in _NO_OUTPUT)
        return self._returns is not None and all(map(_is_none, self._returns))

    def _displayed(self) -> tuple[Any, ...] | None:
        """An Any for each value that every return statement shows; None where they show one."""
        several = [each for each in self._returns or () if _shows_several(each)]
        single = [each for each in self._returns or () if not _shows_several(each)]
        if several and single:
            raise CompileError(
                f"step {self.name!r} returns several values here, and one value at"
                f" {self._place(single[0])}; return as many everywhere, or annotate the outputs:"
                ' -> tuple[Annotated[A, "a"], Annotated[B, "b"]]',
                self._place(several[0]),
            )
        if not several:
            return None
        length = _shown_values(several[0]) or 0
        if not self._is_annotated:
            self._refuse_other_lengths(length)
        return (Any,) * length

    def _output(self, key: str, annotation: Any) -> DeclaredOutput:
        config = self._config(annotation)
        self._refuse_hidden_names(annotation)
        if config.name is not None:
            check_placeholders(config.name, self._location)
        key = key if config.name is None else config.name
        return DeclaredOutput.of(key, _stripped(annotation), config)

    def _config(self, annotation: Any) -> ArtifactConfig:
        self._refuse_unknown_extras(annotation)
        names, configs = _own_extras(annotation)
        written = [*names, *(config.name for config in configs if config.name is not None)]
        if len(configs) > 1 or len(set(written)) > 1:
            raise CompileError(
                f"an output of step {self.name!r} is annotated twice"
                f" ({', '.join(map(repr, [*names, *configs]))}); keep one name or ArtifactConfig",
                self._location,
            )
        config = configs[0] if configs else ArtifactConfig()
        return ArtifactConfig(
            name=written[0] if written else None,
            version=config.version,
            tags=config.tags,
            run_metadata=config.run_metadata,
            artifact_type=config.artifact_type,
            allow_pickle=config.allow_pickle,
        )

    def _refuse_unknown_extras(self, annotation: Any) -> None:
        """They could be the output's name or ArtifactConfig, which would silently be lost."""
        extras = annotation.__metadata__ if _is_annotated(annotation) else ()
        if any(extra is _Unknown for extra in extras):
            raise CompileError(
                f"step {self.name!r}: a name inside of the Annotated[...] that it returns is not"
                " known when the module runs; define it at the top of the module, and import it"
                " outside of TYPE_CHECKING",
                self._location,
            )

    def _refuse_hidden_names(self, annotation: Any) -> None:
        """A name inside ``Optional[...]`` or ``list[...]`` would silently name nothing."""
        outer = typing.get_args(annotation)[0] if _is_annotated(annotation) else annotation
        for inner in _inside(outer):
            names, configs = _own_extras(inner)
            if names or configs:
                raise CompileError(
                    f"step {self.name!r}: {[*names, *configs][0]!r} stands inside of another type,"
                    " where it names no output; put Annotated around the whole type, as in"
                    ' Annotated[T | None, "name"]',
                    self._location,
                )

    def _refuse_duplicates(self, outputs: Sequence[DeclaredOutput]) -> None:
        for key, times in Counter(output.key for output in outputs).items():
            if times > 1:
                raise CompileError(
                    f"step {self.name!r} has {times} outputs named {key!r}; give each its own name",
                    self._location,
                )

    def _refuse_other_lengths(self, length: int) -> None:
        for each in self._returns or ():
            found = _shown_values(each)
            if found not in (None, length):
                raise CompileError(
                    f"step {self.name!r} has {_counted(length, 'output')}, but this returns"
                    f" {_counted(found or 0, 'value')}; return as many as it declares",
                    self._place(each),
                )

    def _refuse_generators(self, function: Callable[..., Any]) -> None:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise CompileError(
                f"step {self.name!r} is a generator, whose values could not be stored;"
                " return them in a list",
                self._location,
            )
        if inspect.iscoroutinefunction(function):
            raise CompileError(
                f"step {self.name!r} is an async function; write a plain one and use"
                " asyncio.run(...) in it",
                self._location,
            )

    def _evaluated_return(self, annotation: Any, function: Callable[..., Any]) -> Any:
        try:
            return _evaluated(annotation, function)
        except Exception as error:
            raise CompileError(
                f"the return annotation of step {self.name!r}, {annotation!r}, cannot be"
                f" evaluated: {error}",
                self._location,
            ) from error

    def _place(self, node: ast.AST) -> str | None:
        return self._definition.location(node) if self._definition else self._location


def _location(function: Callable[..., Any], found: Definition | None) -> str | None:
    if found is not None:
        return found.location()
    code = getattr(function, "__code__", None)
    return shown(code.co_filename, code.co_firstlineno) if code is not None else None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# Return statements


def _returns(found: Definition) -> list[ast.Return]:
    if isinstance(found.node, ast.Lambda):
        return [ast.copy_location(ast.Return(found.node.body), found.node.body)]
    returns = [each for each in own_nodes(found.node.body) if isinstance(each, ast.Return)]
    return sorted(returns, key=lambda each: each.lineno)


def _shown_values(each: ast.Return) -> int | None:
    """How many values a return statement shows; None where that cannot be read off it."""
    if each.value is None or isinstance(each.value, ast.Constant):
        return 1
    if not isinstance(each.value, ast.Tuple):
        return None
    starred = any(isinstance(element, ast.Starred) for element in each.value.elts)
    return None if starred else len(each.value.elts)


def _shows_several(each: ast.Return) -> bool:
    return (_shown_values(each) or 0) > 1


def _is_none(each: ast.Return) -> bool:
    return each.value is None or (isinstance(each.value, ast.Constant) and each.value.value is None)


# Annotations


def _fixed_elements(annotation: Any) -> tuple[Any, ...] | None:
    """The elements of ``tuple[A, B]``; None for other types, plain tuples and ``tuple[A, ...]``."""
    elements = typing.get_args(annotation) if typing.get_origin(annotation) is tuple else ()
    return elements if elements and Ellipsis not in elements else None


def _is_annotated(annotation: Any) -> bool:
    return typing.get_origin(annotation) is Annotated


def _own_extras(annotation: Any) -> tuple[list[str], list[ArtifactConfig]]:
    """The names and configurations in ``Annotated[...]``, which other libraries use as well."""
    extras = annotation.__metadata__ if _is_annotated(annotation) else ()
    names = [extra for extra in extras if isinstance(extra, str)]
    return names, [extra for extra in extras if isinstance(extra, ArtifactConfig)]


def _inside(annotation: Any) -> Iterator[Any]:
    for inner in typing.get_args(annotation):
        yield inner
        yield from _inside(inner)


class _UnknownType(type):
    """The type of `_Unknown`, which lets everything be done with it that annotations do."""

    def __getattr__(cls, name: str) -> _UnknownType:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, _: object) -> _UnknownType:
        return cls

    def __call__(cls, *_: object, **__: object) -> Any:
        return cls


class _Unknown(metaclass=_UnknownType):
    """Stands for a name that only a type checker sees."""


def _written_annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    return getattr(function, "__annotations__", {})


def _input_annotation(annotation: Any, function: Callable[..., Any]) -> Any:
    try:
        return _stripped(_evaluated(annotation, function))
    except Exception:  # whatever the author's annotation does when it runs
        return Any


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """The annotation with the strings in it evaluated; names that are nowhere are _Unknown."""
    names = closure_of(function)
    while True:
        try:
            return _resolved(annotation, getattr(function, "__globals__", {}), names, extras=True)
        except NameError as error:
            if error.name is None or error.name in names:
                raise
            names[error.name] = _usual(error.name)


def _usual(name: str) -> Any:
    """What a name that is imported for type checkers only stands for."""
    if name == ArtifactConfig.__name__:
        return ArtifactConfig
    return getattr(typing, name, _Unknown)


def _stripped(annotation: Any) -> Any:
    """The annotation without Annotated; Any if there is something unknown in it."""
    plain = _resolved(annotation, {}, {}, extras=False)
    return Any if any(each is _Unknown for each in (plain, *_inside(plain))) else plain


def _resolved(
    annotation: Any, namespace: dict[str, Any], names: dict[str, Any], *, extras: bool
) -> Any:
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, namespace, names, include_extras=extras)["it"]
