"""An environment to measure in: a Python and what its processes see."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """A package, the Python that has it, and the variables of its processes."""

    package: str
    python: Path
    environment: Mapping[str, str]

    @property
    def command(self) -> Path:
        """The package's own command, installed beside its Python."""
        return self.python.parent / self.package


def lateen(folder: Path) -> Program:
    """Lateen from the environment that runs this, with a home of its own."""
    own = {"BENCHMARKED": "lateen", "LATEEN_HOME": str(folder / "lateen")}
    return Program("lateen", Path(sys.executable), _environment(folder, own))


def zenml(folder: Path, python: Path) -> Program:
    """ZenML with its database and its artifacts in the folder, and nobody to talk to."""
    own = {
        "BENCHMARKED": "zenml",
        "ZENML_CONFIG_PATH": str(folder / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(folder / "zenml" / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        # A port that nobody listens on: whatever tries to leave the machine fails at once.
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    return Program("zenml", python, _environment(folder, own))


def stop_database(program: Program) -> None:
    """Stop the database that Lateen's runs started in their home."""
    # Unchecked, so that it never hides why the measurements ended; what it says is seen.
    stop = [str(program.command), "local", "stop"]
    subprocess.run(stop, env=program.environment, stdout=subprocess.DEVNULL, check=False)


def _environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """This process's variables but for settings of either package, and the program's own."""
    settings = ("LATEEN_", "ZENML_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(settings)}
    return {**inherited, "BENCHMARKS_FOLDER": str(folder), **own}
