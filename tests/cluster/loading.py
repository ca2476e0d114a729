"""The images of the tests, and how they come to the node."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster import buildah, containers, packages, places
from tests.cluster.image import REGISTRY, Image
from tests.cluster.lock import locked

PUBLIC = places.PROJECT / "images"
"""Those of users."""
EXAMPLES = places.PROJECT / "examples"
OWN = places.HERE / "images"
SOURCES = (".dockerignore", "LICENSE", "operator", "pyproject.toml", "requirements.lock", "sdk")

IMAGES = {
    image.name: image
    for image in (
        Image("lateen", PUBLIC / "lateen", places.PROJECT, SOURCES),
        Image("minio", PUBLIC / "minio", PUBLIC / "minio", with_go=True),
        Image("base", OWN / "base", OWN / "base"),
        Image("postgres", OWN / "postgres", OWN / "postgres", ("serve.sh",)),
        Image("examples", EXAMPLES / "cluster", EXAMPLES, ("cluster", "iris", "words")),
    )
}


def load(name: str) -> str:
    """Brings an image to the node, made anew where its inputs have changed; its reference."""
    image = IMAGES[name]
    exact = image.exact()
    there = containers.names()
    if exact not in there:
        containers.import_archive(_archive(image, exact))
        containers.tag(exact, image.reference)
        old = {found for found in there if found.startswith(f"{REGISTRY}/{name}:")}
        for other in old - {image.reference}:
            containers.remove_image(other)
    return image.reference


def archive(name: str) -> Path:
    """The image as a file, made where it is absent."""
    return _archive(IMAGES[name], IMAGES[name].exact())


def _archive(image: Image, exact: str) -> Path:
    target = places.cache() / "images" / f"{exact.rpartition('/')[2].replace(':', '-')}.tar"
    with locked(places.cache() / "images.lock"):
        if not target.exists():
            packages.ensure()
            _make(image, exact, target)
    return target


def _make(image: Image, exact: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    buildah.build(image, exact, draft)
    for old in target.parent.glob(f"{image.name}-*"):
        if old != draft:
            old.unlink()
    draft.replace(target)
