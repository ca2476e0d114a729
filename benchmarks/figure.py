"""The figures, and what Lateen is to reach."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: its target is in seconds, or a multiple of its floor."""

    name: str
    seconds: float | None = None
    floors: float | None = None

    def target(self, floor: float | None) -> float | None:
        """The seconds to reach, where the figure has a target that is known."""
        if self.floors is not None and floor is not None:
            return self.floors * floor
        return self.seconds


IMPORT = Figure("import", seconds=0.06)
HELP = Figure("--help", seconds=0.2)
FIGURES = (
    IMPORT,
    HELP,
    Figure("training", seconds=0.4),
    Figure("training, cached", seconds=0.05),
    Figure("inference", seconds=0.2),
    Figure("chain of ten", seconds=0.15),
    Figure("chain of ten, cached", seconds=0.05),
    Figure("512 MiB pair", floors=1.5),
)
