"""Files and folders as artifacts: copied in, and loaded as paths."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lateen.domain.errors import MaterializerError
from lateen.materializers.builtin import BuiltIn


class PathMaterializer(BuiltIn):
    """A file under its own name (format ``file``), or a folder's content (``directory``).

    The value loaded is the path of that file, or of the artifact's directory. Symbolic links in
    a folder become what they point at; empty folders in it are not kept, as in git.
    """

    FORMAT = "file"
    FOLDER_FORMAT = "directory"

    def save(self, data: Any) -> None:
        source = Path(data).resolve()
        if source.is_dir():
            self.format = self.FOLDER_FORMAT
            self._copy_folder(source)
        elif source.is_file():
            _copy(source, self.directory / Path(data).name)
        else:
            found = "neither a file nor a folder" if source.exists() else "nothing there"
            raise MaterializerError(
                f"the path {str(data)!r} cannot be saved: there is {found}. Write the file before"
                f" the path is returned"
            )

    def load(self, _data_type: type[Any]) -> Any:
        if self.format == self.FOLDER_FORMAT:
            return self.directory
        entries = sorted(self.directory.iterdir())
        if len(entries) != 1 or not entries[0].is_file():
            raise MaterializerError(
                f"the artifact should hold one file, but it holds"
                f" {', '.join(entry.name for entry in entries) or 'none'}"
            )
        return entries[0]

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        path = Path(data)
        return {"nbytes": path.stat().st_size} if path.is_file() else {}

    def _copy_folder(self, folder: Path) -> None:
        target = self.directory.resolve()
        if target != folder and target.is_relative_to(folder):
            raise MaterializerError(
                f"the folder {str(folder)!r} cannot be saved, for the artifact's own directory"
                f" lies in it: return a folder that holds only what belongs together"
            )
        for relative, source in _files(folder, folder, ()):
            (self.directory / relative).parent.mkdir(parents=True, exist_ok=True)
            _copy(source, self.directory / relative)


def _files(root: Path, folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, Path]]:
    """Every file below a folder: where it goes, and where its bytes are."""
    for entry in sorted(folder.iterdir()):
        source = _inside(root, entry)
        name = Path(entry.name)
        if source.is_file():
            yield name, source
        elif source.is_dir():
            if source in (*above, folder.resolve()):
                raise MaterializerError(f"the link {str(entry)!r} leads back to a folder around it")
            for relative, file in _files(root, source, (*above, folder.resolve())):
                yield name / relative, file
        else:
            raise MaterializerError(f"{str(entry)!r} is neither a file nor a folder")


def _inside(root: Path, entry: Path) -> Path:
    source = entry.resolve()
    if not source.is_relative_to(root):
        raise MaterializerError(
            f"the link {str(entry)!r} leads out of the folder that is being saved: copy what it"
            f" points at into the folder"
        )
    return source


def _copy(source: Path, target: Path) -> None:
    # A step may write where its output is to be, and return that very path.
    if target.exists() and source.samefile(target) and not target.is_symlink():
        return
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
