"""ZenML's own virtual environment, made where it is absent."""

import os
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = ("zenml[local]==0.98.*", "scikit-learn", "pandas", "pyarrow")


def cache_folder() -> Path:
    """The folder that keeps ZenML's environment and, while they run, the benchmarks' stores."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "lateen-benchmarks")


def peer_python() -> Path:
    """The Python of ZenML's environment, which is made first where it is absent or unfinished.

    Raises `subprocess.CalledProcessError` when pip fails.
    """
    folder = cache_folder() / "zenml-0.98"
    python = folder / "bin" / "python"
    finished = folder / "requirements.txt"
    wanted = "\n".join(REQUIREMENTS)
    if not finished.exists() or finished.read_text() != wanted:
        print(f"making ZenML's environment in {folder}", file=sys.stderr)
        venv.create(folder, symlinks=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        finished.write_text(wanted)
    return python
