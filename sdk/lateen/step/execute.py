"""Execute: loads the inputs, runs the user's function, saves what it returns.

Runs in the step's own container too, so it needs the standard library only. It holds no
credentials: whatever it wants of the catalog it asks publish for, over the socket.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from lateen.client import context, transport
from lateen.client.metadata import checked_metadata
from lateen.domain.errors import (
    Fenced,
    MaterializerError,
    SetupError,
    TemporaryError,
    TypeMismatchError,
    UnsupportedTypeError,
    UserError,
)
from lateen.domain.states import FailureCause
from lateen.materializers import check, load, requirements, save
from lateen.step.boundaries import Boundary, reached
from lateen.step.logs import captured
from lateen.step.outcome import Outcome, SavedOutput
from lateen.step.rescues import kept_as_artifact, kept_in_file
from lateen.step.workdir import WorkDirectory, artifacts_in, read_json, write_json

PATIENCE_SECONDS = 600.0
"""For how long a Pod's step waits for publish, which starts beside it, or again after a crash."""
Keep = Callable[[str, Any], str]
"""Keeps the value of an output that cannot be saved; where, in words for its author."""


class Output(Protocol):
    """What execute needs to know of a declared output."""

    @property
    def key(self) -> str: ...
    @property
    def annotation(self) -> Any: ...
    @property
    def allow_pickle(self) -> bool: ...


class Definition(Protocol):
    """What execute needs to know of a step; `lateen.authoring.step.StepDefinition` is one."""

    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def outputs(self) -> tuple[Any, ...]: ...
    @property
    def multiple(self) -> bool: ...
    @property
    def annotations(self) -> Mapping[str, Any]: ...
    @property
    def materializers(self) -> Mapping[str, Any]: ...


def execute(
    work: WorkDirectory,
    socket: Path,
    definition: Definition,
    rescues: Path,
    *,
    supervised: bool = False,
) -> Outcome:
    """Runs the attempt whose instructions lie in the work directory, and writes its outcome.

    ``rescues`` is a folder for values that cannot be saved. A ``supervised`` process, which is one
    in a Pod, leaves the log, and the last word on its end, to the one that watches it.
    Raises Fenced where the attempt may not begin; every other failure is in the outcome.
    """
    instructions = read_json(work.instructions)
    directories = {output.key: work.output(output.key) for output in definition.outputs}
    reached(Boundary.EXECUTE_STARTED)
    patience = PATIENCE_SECONDS if supervised else 0.0
    context.activate(instructions["context"], socket, work.outputs, directories, patience)
    try:
        with nullcontext() if supervised else captured(work.log):
            keep = partial(kept_as_artifact if supervised else kept_in_file, rescues)
            outcome = _run(work, definition, instructions, keep)
    finally:
        context.deactivate()
    write_json(work.draft if supervised else work.outcome, outcome.to_json())
    reached(Boundary.EXECUTE_ENDED)
    return outcome


def _run(
    work: WorkDirectory, definition: Definition, instructions: Mapping[str, Any], keep: Keep
) -> Outcome:
    try:
        _check_requirements(definition, instructions)
        transport.current().call("begin")
        reached(Boundary.EXECUTE_BEGUN)
        instructions = _renewed(work, definition, instructions)
        arguments = _arguments(instructions["inputs"], definition)
        reached(Boundary.EXECUTE_LOADED)
        value = definition.function(**arguments)
        reached(Boundary.EXECUTE_RETURNED)
        return Outcome(_save_outputs(work, definition, value, keep))
    except Fenced:
        raise
    except TemporaryError as error:
        return Outcome.failed(error, FailureCause.INFRASTRUCTURE)
    except Exception as error:
        return Outcome.failed(error, FailureCause.USER)
    except SystemExit as error:
        return Outcome.failed(_exit(error), FailureCause.USER)


def _renewed(
    work: WorkDirectory, definition: Definition, before: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The instructions as they are now: publish may have resolved once more to let us begin."""
    instructions: Mapping[str, Any] = read_json(work.instructions)
    if instructions != before:
        _check_requirements(definition, instructions)
        context.renew(instructions["context"])
    return instructions


def _exit(error: SystemExit) -> UserError:
    exit_error = UserError(f"the step's code called sys.exit({error.code!r}); return or raise")
    return exit_error.with_traceback(error.__traceback__)


def _check_requirements(definition: Definition, instructions: Mapping[str, Any]) -> None:
    """Before user code: are the libraries here that the inputs and outputs need?"""
    wanted = [output.annotation for output in definition.outputs]
    missing = [found for want in wanted for found in requirements(want)]
    for item in instructions["inputs"].values():
        for artifact in artifacts_in(item):
            missing += requirements(artifact["type"])
    if missing:
        lines = "; ".join(f"{item.needed_for} needs {item.distribution}" for item in missing)
        names = " ".join(dict.fromkeys(item.distribution for item in missing))
        raise SetupError(f"{lines}: pip install {names} (in the step's image)")


def _arguments(inputs: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    arguments = {}
    for name, item in inputs.items():
        annotation = definition.annotations.get(name, Any)
        value = _value(item, annotation)
        try:
            arguments[name] = check(value, annotation)
        except TypeMismatchError as error:
            raise TypeMismatchError(f"input {name!r}: {error}") from None
    return arguments


def _value(item: Mapping[str, Any], annotation: Any = Any) -> Any:
    if "list" in item:
        values = [_value(each) for each in item["list"]]
        return tuple(values) if item["as"] == "tuple" else values
    if "map" in item:
        return {key: _value(each) for key, each in item["map"].items()}
    if "artifact" not in item:
        return _plain(item["value"], annotation)
    artifact = item["artifact"]
    return load(
        Path(artifact["path"]),
        format=artifact["format"],
        type=artifact["type"],
        materializer=artifact["materializer"],
        annotation=annotation,
        allow_pickle=artifact["pickled"],
    )


def _plain(value: Any, annotation: Any) -> Any:
    """A JSON value as its annotation wants it: JSON has no tuples and no sets."""
    wanted = typing.get_origin(annotation) or annotation
    if isinstance(value, list) and wanted in (tuple, set, frozenset):
        return wanted(value)
    return value


def _save_outputs(
    work: WorkDirectory, definition: Definition, value: Any, keep: Keep
) -> dict[str, SavedOutput]:
    values = _split(definition, value)
    checked = {}
    for output in definition.outputs:
        try:
            checked[output.key] = check(values[output.key], output.annotation)
        except TypeMismatchError as error:
            raise TypeMismatchError(f"output {output.key!r}: {error}") from None
    return {
        output.key: _saved(work, definition, output, checked[output.key], keep)
        for output in definition.outputs
    }


def _split(definition: Definition, value: Any) -> dict[str, Any]:
    keys = [output.key for output in definition.outputs]
    if not keys:
        return {}
    if not definition.multiple:
        return {keys[0]: value}
    if not isinstance(value, tuple | list) or len(value) != len(keys):
        found = f"{len(value)} values" if isinstance(value, tuple | list) else type(value).__name__
        raise TypeMismatchError(
            f"the step puts out {len(keys)} values ({', '.join(keys)}), but returned {found}"
        )
    return dict(zip(keys, value, strict=True))


def _saved(
    work: WorkDirectory, definition: Definition, output: Output, value: Any, keep: Keep
) -> SavedOutput:
    try:
        saved = save(
            value,
            work.output(output.key),
            annotation=output.annotation,
            materializer=definition.materializers.get(output.key),
            allow_pickle=output.allow_pickle,
        )
    except MaterializerError as error:
        kind = UnsupportedTypeError if isinstance(error, UnsupportedTypeError) else type(error)
        raise kind(f"output {output.key!r}: {error}{keep(output.key, value)}") from error
    try:
        metadata = checked_metadata(saved.metadata)
    except TypeMismatchError as error:
        raise TypeMismatchError(
            f"output {output.key!r}: extract_metadata of {saved.materializer}: {error}"
        ) from None
    reached(Boundary.EXECUTE_SAVED)
    return SavedOutput(
        saved.format, saved.type, saved.materializer, saved.kind.value, saved.pickled, metadata
    )
