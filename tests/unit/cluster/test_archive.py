"""The source archive: what belongs to the project, nothing else, always the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.cluster import archive as archives
from lateen.cluster import source
from lateen.cluster.archive import Archive, packed
from lateen.domain.errors import SetupError
from lateen.pod import archive as pod

GIT = ["git", "-c", "user.name=tester", "-c", "user.email=tester@example.com"]
Written = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def checkout(project: Path) -> Path:
    git(project, "init", "-q")
    return project


def git(root: Path, *arguments: str) -> None:
    subprocess.run([*GIT, "-C", root, *arguments], check=True, capture_output=True)


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")


def names(root: Path) -> list[str]:
    return [file.path for file in source.source_files(root)]


def pack(root: Path, name: str = "code.tar.gz") -> Archive:
    return packed(root, root.parent / name)


def unpack(archive: Path, folder: Path) -> None:
    """As a Pod does."""
    folder.mkdir()
    with archive.open("rb") as file:
        pod.unpack(file, folder)


# Of these names "venv" alone is left out of an archive.
NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8).filter(
    lambda name: name != "venv"
)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=64), st.booleans()),
    max_size=6,
)


@given(tree=TREES)
def test_the_same_files_give_the_same_bytes_and_all_come_out_again(
    tree: dict[str, tuple[bytes, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folders = [tmp_path_factory.mktemp("tree") for _ in range(2)]
    written = [name for name in tree if place(folders[0] / "project" / name, *tree[name])]
    for name in reversed(written):
        place(folders[1] / "project" / name, *tree[name])
    for folder in folders:
        (folder / "project").mkdir(exist_ok=True)
    one, other = (pack(folder / "project") for folder in folders)
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.names == set(written)
    unpack(one.path, folders[0] / "out")
    for name in written:
        content, executable = tree[name]
        out = folders[0] / "out" / name
        assert out.read_bytes() == content
        assert bool(out.stat().st_mode & 0o100) == executable
    for folder in folders:
        shutil.rmtree(folder)


def place(path: Path, content: bytes, executable: bool) -> bool:
    """Writes a file; False where another one is in its way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError:
        return False
    path.chmod(0o755 if executable else 0o600)
    return True


def test_times_owners_and_groups_do_not_enter(project: Path) -> None:
    write(project, "flow.py")
    before = pack(project, "before.tar.gz").digest
    os.utime(project / "flow.py", (1, 1))
    (project / "flow.py").chmod(0o600)
    assert pack(project, "after.tar.gz").digest == before
    (project / "flow.py").chmod(0o700)
    assert pack(project, "executable.tar.gz").digest != before


def test_a_checkout_gives_what_git_tracks_and_what_it_would(checkout: Path) -> None:
    write(checkout, "flows/train.py", "sibling/helpers.py", "new.py", "secret.env", "build/x.o")
    write(checkout, ".venv/lib/site.py", "flows/__pycache__/train.cpython-311.pyc")
    (checkout / ".gitignore").write_text("*.env\nbuild/\n")
    git(checkout, "add", "flows/train.py", "sibling/helpers.py")
    assert names(checkout) == [".gitignore", "flows/train.py", "new.py", "sibling/helpers.py"]


def test_a_package_beside_the_pipelines_travels_too(checkout: Path) -> None:
    write(checkout, "flows/train.py", "sibling/__init__.py", "sibling/helpers.py")
    assert "sibling/helpers.py" in pack(checkout).names


def test_a_file_that_is_tracked_and_gone_is_left_out(checkout: Path) -> None:
    write(checkout, "flow.py", "gone.py")
    git(checkout, "add", "flow.py", "gone.py")
    (checkout / "gone.py").unlink()
    assert names(checkout) == ["flow.py"]


def test_a_part_of_a_checkout_can_be_the_project(checkout: Path) -> None:
    write(checkout, "other/x.py", "ml/pyproject.toml", "ml/flow.py")
    assert names(checkout / "ml") == ["flow.py", "pyproject.toml"]


def test_the_files_of_a_submodule_and_of_a_checkout_inside_travel(
    checkout: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    write(library, "lib.py")
    git(library, "init", "-q")
    git(library, "add", "lib.py")
    git(library, "commit", "-qm", "first")
    write(checkout, "flow.py")
    git(checkout, "-c", "protocol.file.allow=always", "submodule", "add", str(library), "vendored")
    shutil.copytree(library, checkout / "loose")
    assert names(checkout) == [".gitmodules", "flow.py", "loose/lib.py", "vendored/lib.py"]


def test_a_hook_of_git_does_not_lead_elsewhere(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(checkout, "flow.py")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert names(checkout) == ["flow.py"]


def test_a_checkout_without_git_is_an_error_and_not_a_guess(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SetupError, match="git is not installed"):
        names(checkout)


def test_what_git_refuses_is_said(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    (checkout / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(SetupError, match=r"git does not list the files of .*: fatal: "):
        names(checkout)


def test_outside_of_git_hidden_files_and_the_project_s_own_list_stay(project: Path) -> None:
    write(project, "flow.py", "pkg/helper.py", "data/big.csv", "pkg/notes.txt", ".ssh/id_rsa")
    write(project, ".venv/lib/site.py", "pkg/__pycache__/helper.pyc", "node_modules/x.js")
    (project / ".lateenignore").write_text("# no source\ndata/\npkg/*.txt\n")
    assert names(project) == ["flow.py", "pkg/helper.py"]


@pytest.mark.parametrize("place", ["v", "tools/env"])
@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_an_environment_of_python_never_travels_whatever_it_is_called(
    project: Path, place: str, in_git: bool, mark: str
) -> None:
    if in_git:
        git(project, "init", "-q")
    write(project, "flow.py", "vector/real.py", f"{place}/{mark}", f"{place}/lib/x.py")
    (project / place / "bin").mkdir()
    (project / place / "bin" / "python").symlink_to("/usr/bin/python3")
    assert names(project) == ["flow.py", "vector/real.py"]


def test_a_project_that_is_an_environment_itself_travels(project: Path) -> None:
    write(project, "flow.py", "pyvenv.cfg")
    assert names(project) == ["flow.py", "pyvenv.cfg"]


def test_the_project_s_own_list_holds_in_a_checkout_too(checkout: Path) -> None:
    write(checkout, "flow.py", "data/big.csv", ".env")
    git(checkout, "add", ".")
    (checkout / ".lateenignore").write_text("data/\n")
    assert names(checkout) == [".env", ".lateenignore", "flow.py"]


def test_a_link_that_leads_out_names_the_line_that_leaves_it_out(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "raw").symlink_to("/mnt/raw")
    with pytest.raises(SetupError, match=r"/data/raw leads out .* `data/raw` in \.lateenignore"):
        names(project)
    (project / ".lateenignore").write_text("data/raw\n")
    assert names(project) == []


def test_a_link_inside_stays_a_link(project: Path) -> None:
    write(project, "pkg/real.py")
    (project / "alias.py").symlink_to("pkg/real.py")
    (project / "pkg" / "up").symlink_to("../pkg")
    packed_project = pack(project)
    unpack(packed_project.path, project.parent / "out")
    assert os.readlink(project.parent / "out" / "alias.py") == "pkg/real.py"
    assert (project.parent / "out" / "pkg" / "up" / "real.py").read_text() == "# pkg/real.py\n"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../other", "pkg/../pkg/real.py", "way/out"])
def test_a_link_that_leads_out_is_refused(project: Path, target: str) -> None:
    write(project, "pkg/real.py")
    (project / "way").symlink_to(project.parent)
    with pytest.raises(SetupError, match="leads out of the project"):
        names(project)
    (project / "way").unlink()
    (project / "alias").symlink_to(target)
    if target != "way/out":
        with pytest.raises(SetupError, match="alias leads out of the project"):
            names(project)


def test_what_is_no_file_is_refused(project: Path) -> None:
    os.mkfifo(project / "pipe")
    with pytest.raises(SetupError, match="pipe is neither a file nor a link"):
        names(project)


@pytest.mark.parametrize("name", ["a\nb.py", "a\\b.py", os.fsdecode(b"a\xffb.py")])
def test_a_name_that_cannot_travel_is_refused(project: Path, name: str) -> None:
    (project / name).touch()
    with pytest.raises(SetupError, match="rename it"):
        names(project)


def test_too_large_an_archive_names_its_largest_files(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "model.bin").write_bytes(os.urandom(3_000_000))
    (project / "data.bin").write_bytes(os.urandom(1_000_000))
    write(project, "flow.py")
    monkeypatch.setattr(archives, "LARGEST", 2_000_000)
    with pytest.raises(SetupError) as caught:
        pack(project)
    assert "may have 2 MB, and it has 4.0 MB" in str(caught.value)
    assert "model.bin (3.0 MB), data.bin (1.0 MB), flow.py" in str(caught.value)
    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 2_000_000)
    with pytest.raises(SetupError, match="its files have 4 MB"):
        pack(project, "again.tar.gz")


def test_too_many_files_are_refused_before_they_are_read(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, *(f"{number}.py" for number in range(4)))
    monkeypatch.setattr(source, "MOST", 3)
    with pytest.raises(SetupError, match="more than 3 files"):
        names(project)


def test_a_file_that_changes_meanwhile_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "flow.py")
    found = source.source_files(project)
    (project / "flow.py").write_text("longer than before\n")
    monkeypatch.setattr(archives, "source_files", lambda root: found)
    with pytest.raises(SetupError, match="changed while it was packed"):
        pack(project)
