"""Builds images without a daemon and without a registry, on a base that debootstrap makes."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import packages, places
from tests.cluster.image import REGISTRY, Image
from tests.cluster.trouble import Trouble

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
RELEASE = "bookworm"
PACKAGES = "busybox-static,ca-certificates,python3,python3-pip,python3-venv"
LEFT_OUT = ("./dev/*", "./var/cache/apt/*.bin", "./var/cache/apt/archives/*.deb")
DOCKERFILE = "FROM scratch\nADD rootfs.tar /\n"
GO_FOLDERS = {
    "GOROOT": "/usr/local/go",
    "GOMODCACHE": "/root/go/pkg/mod",
    "GOCACHE": "/root/.cache/go-build",
}
"""Where the builds find them."""


def build(image: Image, exact: str, archive: Path) -> None:
    """Builds the image into a docker-archive, from the Dockerfile as it is."""
    debian = _debian()
    print(f"building the image {image.name}", file=sys.stderr)
    bases = ("BASE", "GO") if image.with_go else ("BASE",)
    _buildah(
        "bud", "--isolation=chroot", "--layers", "--quiet",
        f"--tag={exact}", f"--file={image.dockerfile}",
        *(f"--build-arg={name}={debian}" for name in bases),
        *(f"--volume={source}:{place}" for source, place in _volumes(image)),
        str(image.context),
    )  # fmt: skip
    _buildah("push", "--quiet", exact, f"docker-archive:{archive}:{exact}")
    _prune(image, exact)


def _debian() -> str:
    """The image that takes the place of a registry's."""
    made_of = f"{RELEASE} {PACKAGES} {LEFT_OUT} {DOCKERFILE} {platform.machine()}"
    name = f"{REGISTRY}/debian:{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if name not in _names():
        print(f"making Debian {RELEASE}, which takes a minute", file=sys.stderr)
        places.cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=places.cache()) as folder:
            _bootstrap(Path(folder))
            Path(folder, "Dockerfile").write_text(DOCKERFILE)
            _buildah("bud", "--quiet", f"--tag={name}", folder)
    return name


def _bootstrap(folder: Path) -> None:
    root = folder / "root"
    _enclosed("debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(root))
    excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    _enclosed("tar", f"--file={folder}/rootfs.tar", f"--directory={root}", "-c", *excluded, ".")
    shutil.rmtree(root)


def _prune(image: Image, exact: str) -> None:
    """Removes older images of this name; their layers stay where another is built on them."""
    for name in _names():
        if name.startswith(f"{REGISTRY}/{image.name}:") and name != exact:
            _buildah("rmi", name)


def _names() -> list[str]:
    return _buildah("images", "--format={{.Name}}:{{.Tag}}").split()


def _volumes(image: Image) -> Iterator[tuple[str, str]]:
    """What a build may use of the machine: its way to registries, and Go with its caches."""
    yield str(AUTHORITIES), f"{AUTHORITIES}:ro"
    if Path("/etc/pip.conf").exists():
        yield "/etc/pip.conf", "/etc/pip.conf:ro"
    if image.with_go:
        yield from zip(_go_folders(), GO_FOLDERS.values(), strict=True)


def _go_folders() -> list[str]:
    if not shutil.which("go"):
        raise Trouble(f"there is no Go to build with: {packages.GO}")
    asked = ["go", "env", *GO_FOLDERS]
    folders = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    for folder in folders:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return folders


def _buildah(*words: str) -> str:
    storage = places.cache() / "storage"
    where = (f"--root={storage}", f"--runroot={storage}-run", "--storage-driver=overlay")
    return _enclosed("buildah", *where, *words)


def _enclosed(*command: str) -> str:
    """Runs the command in a mount namespace of its own, so that it leaves no mount behind."""
    done = subprocess.run(
        ["unshare", "--mount", *command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip().splitlines()[-30:]
        raise Trouble(f"{' '.join(command[:6])} … failed:\n" + "\n".join(said))
    return done.stdout
