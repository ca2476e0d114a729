"""Which files of a project its source archive holds: what git tracks, or would track."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import dropwhile
from pathlib import Path, PurePosixPath

from lateen.domain.errors import SetupError
from lateen.domain.names import shown

IGNORED = (
    *(".git", ".hg", ".svn", ".lateen", ".DS_Store", ".venv", "venv", "node_modules"),
    *("__pycache__", "*.pyc", "*.egg-info", ".tox", ".nox", ".ipynb_checkpoints"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
)
"""What no archive holds, whoever tracks it: names of files and folders anywhere in the project."""
ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")
"""What marks a folder as an environment of Python, whatever it is called: none travels."""
OWN_LIST = ".lateenignore"
"""Further patterns, one a line; outside of git hidden files stay anyway."""
MOST = 20_000
"""Files of a project."""
_OF_A_HOOK = {"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file of the project, or a link to one inside of it."""

    path: str
    """Relative to the project's root, with forward slashes."""
    size: int
    executable: bool
    link: str | None = None
    """Where a symbolic link leads, relative to its own folder."""


def source_files(root: Path) -> list[SourceFile]:
    """The files in order of their paths; SetupError for what cannot travel, with what to do."""
    tracked = _tracked(root)
    paths = _walked(root) if tracked is None else tracked
    folders = {folder for path in tracked or () for folder in _folders(path)}
    environments = {folder for folder in folders if is_environment(root / folder)}
    patterns = (*IGNORED, *_own_patterns(root))
    kept: set[str] = set()
    for path in paths:
        if not _is_ignored(path, patterns) and environments.isdisjoint(_folders(path)):
            kept.add(path)
        if len(kept) > MOST:
            raise SetupError(
                f"the project {root} has more than {MOST:,} files; is it meant to be one? Put the"
                " pipeline into a folder with a pyproject.toml, or let git ignore what is no source"
            )
    found = [_source_file(root, path) for path in sorted(kept)]
    return [file for file in found if file is not None]


def _tracked(root: Path) -> list[str] | None:
    """What git tracks and what it neither tracks nor ignores; None outside of git."""
    if not any(os.path.lexists(folder / ".git") for folder in (root, *root.parents)):
        return None
    listed = _git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    paths: list[str] = []
    for path in filter(None, listed.split("\0")):
        inner = root / path
        if inner.is_dir() and not inner.is_symlink():  # a submodule, or a checkout in the checkout
            paths += [f"{path.rstrip('/')}/{name}" for name in _tracked(inner) or ()]
        else:
            paths.append(path)
    return paths


def _git(root: Path, *arguments: str) -> str:
    """What git puts out; SetupError where it cannot: only it knows what the project ignores."""
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments],
            capture_output=True,
            check=True,
            timeout=60,
            env={name: text for name, text in os.environ.items() if name not in _OF_A_HOOK},
        )
    except FileNotFoundError:
        raise SetupError(
            f"{root} is a checkout of git, and git is not installed, so that nobody knows which"
            " files it ignores; install git"
        ) from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").strip() or f"exit code {error.returncode}"
        raise SetupError(f"git does not list the files of {root}: {words}") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"git has not listed the files of {root} in a minute") from None
    return os.fsdecode(done.stdout)


def _folders(path: str) -> Iterator[str]:
    """The folders that a path is in, the outermost first."""
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def is_environment(folder: Path) -> bool:
    """Whether a folder is an environment of Python."""
    return any((folder / mark).exists() for mark in ENVIRONMENTS)


def _walked(root: Path) -> Iterator[str]:
    """All files but for what the project's own list names; links to folders are not followed."""
    patterns = (*IGNORED, ".*", *_own_patterns(root))
    for folder, folders, files in os.walk(root):
        inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = [
            name
            for name in folders
            if name not in links
            and not _is_ignored(str(inside / name), patterns)
            and not is_environment(root / inside / name)
        ]
        for name in (*files, *links):
            if not _is_ignored(path := str(inside / name), patterns):
                yield path


def _own_patterns(root: Path) -> tuple[str, ...]:
    try:
        lines = (root / OWN_LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    stripped = (line.strip() for line in lines)
    return tuple(line.rstrip("/") for line in stripped if line and not line.startswith("#"))


def _is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern fits the path, or the name of the file or of a folder that it is in."""
    parts, above = path.split("/"), [*_folders(path), path]
    return any(
        fnmatch(text, pattern.lstrip("/"))
        for pattern in patterns
        for text in (above if "/" in pattern else parts)
    )


def _source_file(root: Path, path: str) -> SourceFile | None:
    """The file as it is now; None where it is gone, though git still tracks it."""
    place = root / path
    _check_name(path)
    try:
        status = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(status.st_mode):
        return SourceFile(path, 0, False, _inner_link(root, path))
    if not stat.S_ISREG(status.st_mode):
        raise SetupError(
            f"{place} is neither a file nor a link, so that it cannot travel to a cluster;"
            f" remove it, or leave it out by a line `{path}` in {OWN_LIST}"
        )
    return SourceFile(path, status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SetupError(f"the name of {shown(ascii(path))} is not UTF-8; rename it") from None
    if "\\" in path or not path.isprintable():
        raise SetupError(f"the name of {shown(path)} cannot travel to a cluster; rename it")


def _inner_link(root: Path, path: str) -> str:
    """Where a link leads; SetupError where that is outside of the project, or is no such path."""
    target = os.readlink(root / path)
    there = os.path.normpath(os.path.join(os.path.dirname(path), target))
    really = Path(os.path.realpath(root / path))
    inside = really.is_relative_to(os.path.realpath(root)) and there.split("/")[0] != ".."
    # Down and up again may lead elsewhere than it looks, where what it goes down through is a link.
    straight = ".." not in dropwhile(lambda part: part == "..", target.split("/"))
    if os.path.isabs(target) or not inside or not straight:
        raise SetupError(
            f"the link {root / path} leads out of the project, or on a way that may: to"
            f" {shown(target)}. Nothing is there in a cluster; replace it by a copy, or leave it"
            f" out by a line `{path}` in {OWN_LIST}"
        )
    return target


def sizes(files: Iterable[SourceFile], most: int = 5) -> str:
    """The largest files, for people."""
    largest = sorted(files, key=lambda file: (-file.size, file.path))[:most]
    return ", ".join(f"{file.path} ({file.size / 1e6:.1f} MB)" for file in largest)
