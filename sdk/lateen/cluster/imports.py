"""Under which names a cluster imports the steps: by their paths in the source archive."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from lateen.cluster.source import is_environment
from lateen.domain.errors import SetupError
from lateen.domain.spec import PipelineSpec, StepSpec

_FOREIGN = {"site-packages", "dist-packages", ".venv", "venv"}


@dataclass(frozen=True, slots=True)
class Imports:
    """The project's root, and its folders that modules are imported from."""

    root: Path
    folders: tuple[str, ...] = ()
    """Relative to the root, which comes before them."""

    @staticmethod
    def of(root: Path, search: Iterable[str]) -> Imports:
        """The project's share of a search path."""
        root = Path(os.path.realpath(root))
        places = (Path(os.path.realpath(entry or os.curdir)) for entry in search)
        inside = [
            place.relative_to(root)
            for place in places
            if place != root and place.is_relative_to(root) and place.is_dir()
        ]
        kept = [folder.as_posix() for folder in inside if not _foreign(root, folder)]
        return Imports(root, tuple(dict.fromkeys(kept)))

    def applied(self, spec: PipelineSpec) -> PipelineSpec:
        """The pipeline with names that hold in the archive.

        Raises SetupError for a step or a materializer that another process cannot import.
        """
        steps = tuple(self._of_step(step) for step in spec.steps)
        return replace(spec, steps=steps, code_path=self.folders)

    def check(self, spec: PipelineSpec, archived: Container[str]) -> None:
        """SetupError where the archive lacks the module of a step, or of a materializer.

        The pipeline has the names of this process still.
        """
        for what, path in _paths(spec):
            file = self._file(path)
            if file is not None and file.as_posix() not in archived:
                raise SetupError(
                    f"{what} is defined in {self.root / file}, which the source archive leaves out:"
                    " git ignores it, or it is in a folder that never travels. Move it, or change"
                    " .gitignore"
                )

    def _of_step(self, step: StepSpec) -> StepSpec:
        what = f"the step {step.history_name!r}"
        outputs = tuple(
            replace(output, materializer=self._name(output.materializer, what))
            for output in step.outputs
        )
        return replace(step, entrypoint=self._name(step.entrypoint, what), outputs=outputs)

    def _name(self, path: str | None, what: str) -> str | None:
        if path is None:
            return None
        module, _, qualname = path.partition(":")
        if "<" in qualname:
            raise SetupError(
                f"{what} needs {qualname.rpartition('.')[2]!r}, which is defined inside a function,"
                " so that a cluster cannot import it; move it to the top level of its module"
            )
        file = self._file(path)
        if file is None:
            if module == "__main__":
                raise SetupError(
                    f"{what} is defined in a notebook or at a prompt, where a cluster cannot import"
                    " it; write it to a file and import it from there"
                )
            return path  # installed here, and to be installed in the image
        return f"{self._dotted(module, file, what)}:{qualname}"

    def _file(self, path: str) -> Path | None:
        """The file of the module, relative to the root; None where it lies elsewhere."""
        file = _file_of(sys.modules.get(path.partition(":")[0]))
        if file is None or not file.is_relative_to(self.root):
            return None
        relative = file.relative_to(self.root)
        return None if _foreign(self.root, relative) else relative

    def _dotted(self, module: str, file: Path, what: str) -> str:
        """The name as it is, where the search path of the archive leads to the file; else anew."""
        if module != "__main__":
            for folder in ("", *self.folders):
                base = Path(folder, *module.split("."))
                if file in (base.with_suffix(".py"), base / "__init__.py"):
                    return module
        parts = (file.parent if file.name == "__init__.py" else file.with_suffix("")).parts
        if file.suffix != ".py" or not all(part.isidentifier() for part in parts):
            raise SetupError(
                f"{what} is defined in {file}, which cannot be imported by a name from"
                f" {self.root}; call the file and its folders by names of letters, digits and '_'"
            )
        return ".".join(parts)


def _foreign(root: Path, path: Path) -> bool:
    """Whether a path in the project belongs to an environment of Python, not to the project."""
    within = not _FOREIGN.isdisjoint(path.parts)
    return within or any(is_environment(root / part) for part in (path, *path.parents[:-1]))


def _file_of(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return None if file is None else Path(os.path.realpath(file))


def _paths(spec: PipelineSpec) -> Iterable[tuple[str, str]]:
    for step in spec.steps:
        what = f"the step {step.history_name!r}"
        yield from ((what, path) for path in (step.entrypoint,) if path)
        yield from ((what, out.materializer) for out in step.outputs if out.materializer)
