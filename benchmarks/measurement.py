"""One timed run, and the loop in which a process serves such runs by name."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TextIO


def nothing() -> None:
    """The preparation of a measurement that needs none."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A run that is timed, after a preparation that is not."""

    run: Callable[[], object]
    prepare: Callable[[], object] = nothing

    def seconds(self) -> float:
        """How long the run took, by the wall clock."""
        self.prepare()
        begun = perf_counter()
        self.run()
        return perf_counter() - begun


def serve(measurements: Mapping[str, Measurement]) -> None:
    """Answer each name on standard input with a line of JSON: the name and its seconds."""
    answers = _standard_output_alone()
    for line in sys.stdin:
        name = line.strip()
        answer = {"figure": name, "seconds": measurements[name].seconds()}
        print(json.dumps(answer), file=answers, flush=True)


def _standard_output_alone() -> TextIO:
    """Standard output for the answers; what steps and their frame print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers
