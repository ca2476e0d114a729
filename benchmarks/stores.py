"""Measure a large blob through each object store beside the same client's plain copy and a hash."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.peer import cache_folder
from lateen.stores.objects import opened
from tests import servers
from tests.servers.s3_service import CREDENTIALS, S3Service

BUCKET = "benchmark"
TARGET = 0.9
"""Of the plain copy's throughput with one SHA-256 pass."""


@dataclass(frozen=True, slots=True)
class Side:
    """A store, and the plain transfers of the same bytes to the same place."""

    url: str
    put: Callable[[Path], object]
    get: Callable[[Path], object]
    drop: Callable[[], object]
    """Removes what the plain put made."""


def main() -> int:
    """Measure as the command line asks, and print the table."""
    options = arguments()
    os.environ.update(CREDENTIALS)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache_folder(), prefix="stores-") as folder, ExitStack() as stack:
        blob = made(Path(folder, "blob"), options.megabytes << 20)
        print(f"MB/s of a blob of {options.megabytes} MiB, best of {options.rounds} rounds.\n")
        print("| store | put | plain put + hash | | get | plain get + hash | |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for name, side in sides(Path(folder), stack).items():
            size = blob.stat().st_size
            rounds = [one_round(side, blob, n % 2 == 0) for n in range(options.rounds + 1)][1:]
            rates = [size / 1e6 / min(seconds) for seconds in zip(*rounds, strict=True)]
            print(row(name, rates), flush=True)
    return 0


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=256, help="size of the blob")
    parser.add_argument("--rounds", type=int, default=10, help="measurements of each figure")
    return parser.parse_args()


def made(path: Path, size: int) -> Path:
    """A file of bytes that nothing can compress."""
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    return path


def sides(folder: Path, stack: ExitStack) -> Mapping[str, Side]:
    """The stores that this machine can start, while their servers are up."""
    found = {"directory": directory_side(folder)}
    for name, kind in {"MinIO": servers.minio, "rclone": servers.rclone}.items():
        program = kind.provided()
        if program is None:
            print(f"{name} is left out: {kind.REMEDY}", file=sys.stderr)
            continue
        (folder / name).mkdir()
        found[name] = s3_side(stack.enter_context(running(kind.start(program, folder / name))))
    return found


@contextmanager
def running(service: S3Service) -> Iterator[S3Service]:
    """The service, stopped afterwards."""
    try:
        yield service
    finally:
        service.stop()


def directory_side(folder: Path) -> Side:
    """The store in a directory beside a copy that is flushed to the disk."""
    copy = folder / "copy"

    def put(blob: Path) -> None:
        shutil.copyfile(blob, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())

    return Side((folder / "store").as_uri(), put, lambda to: shutil.copyfile(copy, to), copy.unlink)


def s3_side(service: S3Service) -> Side:
    """The store in a bucket beside the client's own transfers of files."""
    client, key = service.client, "plain"
    client.make_bucket(BUCKET)
    return Side(
        service.url(BUCKET, "store"),
        lambda blob: client.fput_object(BUCKET, key, str(blob)),
        lambda to: client.fget_object(BUCKET, key, str(to)),
        lambda: client.remove_object(BUCKET, key),
    )


def one_round(side: Side, blob: Path, ours_first: bool) -> tuple[float, ...]:
    """Seconds to put by the store and plainly with a hash, and to get in both ways."""
    store, fetched = opened(side.url), blob.with_name("fetched")
    sha256, size = digest(blob), blob.stat().st_size

    def put() -> None:
        with blob.open("rb", buffering=0) as file:
            store.put(sha256, 0, file, size)

    def plain_put() -> None:
        digest(blob)
        side.put(blob)

    def get() -> None:
        store.get(sha256, 0, fetched)

    def plain_get() -> None:
        side.get(fetched)
        digest(fetched)

    puts = in_turn(put, plain_put, ours_first)
    gets = in_turn(get, plain_get, ours_first, fetched)
    store.delete(sha256, 0)
    side.drop()
    return puts + gets


def in_turn(
    ours: Callable[[], None],
    plain: Callable[[], None],
    ours_first: bool,
    leftover: Path | None = None,
) -> tuple[float, float]:
    """Seconds of both, beside each other, since whoever comes first has it harder."""
    if ours_first:
        return timed(ours, leftover), timed(plain, leftover)
    later = timed(plain, leftover)
    return timed(ours, leftover), later


def timed(action: Callable[[], None], leftover: Path | None) -> float:
    """Seconds of the action, on a disk that owes nothing to the one before."""
    os.sync()
    begun = perf_counter()
    action()
    taken = perf_counter() - begun
    if leftover:
        leftover.unlink()
    return taken


def digest(path: Path) -> str:
    """One SHA-256 pass over a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def row(name: str, rates: list[float]) -> str:
    """A line of the table; an exclamation mark where the target is missed."""
    cells = [name]
    for ours, plain in (rates[:2], rates[2:]):
        met = "" if ours >= TARGET * plain else " !"
        cells += [f"{ours:.0f}", f"{plain:.0f}", f"{100 * ours / plain:.0f} %{met}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
