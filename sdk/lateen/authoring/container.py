"""Steps in any language: a command in an image, files in and files out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Never, Unpack

from lateen.authoring.annotations import ArtifactConfig, DeclaredOutput, check_placeholders
from lateen.authoring.call import Call
from lateen.authoring.composition import composing
from lateen.authoring.definition import StepDefinition
from lateen.authoring.location import caller
from lateen.authoring.options import ContainerOptions, StepSettings
from lateen.domain.errors import CompileError, InvalidNameError
from lateen.domain.names import check_name


class ContainerStep:
    """A command in a container, which is a step where a pipeline's body calls it."""

    def __init__(
        self, settings: StepSettings, command: tuple[str, ...], outputs: tuple[DeclaredOutput, ...]
    ) -> None:
        self.settings = settings
        self.command = command
        self.outputs = outputs

    @property
    def name(self) -> str:
        """The name of the step in history, before it is numbered."""
        return str(self.settings.name)

    def __call__(self, *positional: Never, after: Any = None, **inputs: Any) -> Any:
        """Add the step to the pipeline whose body runs, and give handles of its outputs.

        Each input lies in ``$LATEEN_INPUTS/NAME/``, plain values in the JSON of
        ``$LATEEN_PARAMETERS``. Raises CompileError outside of a body, and for inputs without names.
        """
        composition, location = composing(), caller()
        if positional:
            raise CompileError(
                f"the container step {self.name!r} is given {len(positional)} input(s) without a"
                " name, which is the folder that its command finds each in; write it like"
                f" {self.name}(words=...)",
                location,
            )
        if composition is None:
            raise CompileError(
                f"the container step {self.name!r} is called outside of a pipeline's body, and"
                " there is no function to call; call it in the body of a @pipeline",
                location,
            )
        for key in inputs:
            _check_name(key, f"container_step({self.name!r}): the input")
        from lateen.authoring.placing import placed  # an import of a user's steps stays quick

        definition = StepDefinition(
            function=self,
            name=self.name,
            outputs=self.outputs,
            multiple=len(self.outputs) > 1,
            annotations=dict.fromkeys(inputs, Any),
            command=self.command,
        )
        return placed(
            Call(definition, self.settings, False, inputs, {}, after, location), composition
        )

    def __repr__(self) -> str:
        return f"<container step {self.name!r} in {self.settings.image}>"


def container_step(
    name: str,
    *,
    image: str,
    command: Sequence[str],
    outputs: Sequence[str | ArtifactConfig] = (),
    **options: Unpack[ContainerOptions],
) -> ContainerStep:
    """Make a step of a command in an image, for pipelines that run in a cluster.

    The command finds an input in ``$LATEEN_INPUTS/NAME/``, plain values in the JSON of
    ``$LATEEN_PARAMETERS``, and leaves the files of each output in ``$LATEEN_OUTPUTS/NAME/``; the
    image's own command is not run. The artifact of an output is the step's own,
    ``PIPELINE::STEP::NAME``, unless an ArtifactConfig names it. Raises CompileError for what cannot
    be a step.
    """
    words = _words(name, command)
    settings = StepSettings().updated({**options, "name": name, "image": image}, "container_step")
    _check_name(name, "the step")
    if not image or image.isspace():
        raise CompileError(
            f"container_step({name!r}, image={image!r}): it is the image that the command runs in,"
            " such as 'docker.io/library/busybox:1.37'",
            caller(),
        )
    return ContainerStep(settings, words, _outputs(name, outputs))


def _check_name(name: str, what: str) -> None:
    try:
        check_name(name, what)
    except InvalidNameError as error:
        raise CompileError(str(error), caller()) from None


def _words(name: str, command: Any) -> tuple[str, ...]:
    is_list = isinstance(command, Sequence) and not isinstance(command, str)
    if not is_list or not command or not all(isinstance(word, str) for word in command):
        raise CompileError(
            f"container_step({name!r}, command={command!r}): it is a list of words, such as"
            " ['sh', '-c', 'echo 1']",
            caller(),
        )
    return tuple(command)


def _outputs(name: str, outputs: Sequence[str | ArtifactConfig]) -> tuple[DeclaredOutput, ...]:
    if isinstance(outputs, str):
        raise CompileError(
            f"container_step({name!r}, outputs={outputs!r}): write outputs=[{outputs!r}]", caller()
        )
    declared = tuple(_output(name, output) for output in outputs)
    for key, times in Counter(output.key for output in declared).items():
        if times > 1:
            raise CompileError(
                f"container_step({name!r}) has {times} outputs named {key!r}; give each its own"
                " name",
                caller(),
            )
    return declared


def _output(step: str, output: object) -> DeclaredOutput:
    key = output.name if isinstance(output, ArtifactConfig) else output
    if not isinstance(key, str) or not key:
        raise CompileError(
            f"container_step({step!r}): the output {output!r} is a name, or an"
            " ArtifactConfig(name=...)",
            caller(),
        )
    check_placeholders(key, caller())
    _check_name(re.sub(r"\{\w+\}", "", key) or key, f"container_step({step!r}): the output")
    if isinstance(output, ArtifactConfig):
        return DeclaredOutput.of(key, Any, output)
    return DeclaredOutput(key)
