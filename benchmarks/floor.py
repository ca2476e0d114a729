"""What nothing that stores an array durably and verifies it can go below."""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy

from benchmarks.array import array, renew
from benchmarks.measurement import Measurement, serve


def write_and_read(path: Path) -> None:
    """Save, flush to the disk, load, and hash once for the writer and once for the reader."""
    with path.open("wb") as file:
        numpy.save(file, array())
        file.flush()
        os.fsync(file.fileno())
    loaded = numpy.load(path)
    for content in (array(), loaded):
        hashlib.sha256(content.data).digest()


def main() -> None:
    """Serve the floor's one figure."""
    # The folder of the stores that the sides write to: the same disk.
    with TemporaryDirectory(dir=os.environ["BENCHMARKS_FOLDER"]) as folder:
        path = Path(folder, "array.npy")

        def settle() -> None:
            path.unlink(missing_ok=True)
            renew()
            os.sync()

        serve({"512 MiB pair": Measurement(lambda: write_and_read(path), settle)})


if __name__ == "__main__":
    main()
