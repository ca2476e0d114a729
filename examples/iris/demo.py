"""What `make demo` runs: the two pipelines in turn, and what became of the late references."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from inference import inference
from rich.console import Console
from rich.table import Table
from training import training

from lateen import Client

CHECKOUT = Path(__file__).resolve().parents[2]
THRESHOLD = 0.8
# The more C, the closer the classifier follows its data; the last one stays below the threshold.
VALUES_OF_C = (0.1, 1.0, 0.001)


def main() -> None:
    """Train and predict three times; `inference` is the same pipeline each time."""
    is_own = "LATEEN_HOME" not in os.environ
    home = Path(os.environ.setdefault("LATEEN_HOME", str(CHECKOUT / ".lateen")))
    os.environ.setdefault("LATEEN_PROGRESS", "plain")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print(f"Two pipelines on the iris data. All of it is kept in {home}", soft_wrap=True)
    trainings, predictions = [], []
    began = time.monotonic()
    for C in VALUES_OF_C:
        console.print(f"\n[bold]Train with C={C:g}, promote from an accuracy of {THRESHOLD} on")
        trainings.append(training(C=C, threshold=THRESHOLD))
        console.print("[bold]Predict with what is in production now")
        predictions.append(inference())
    seconds = time.monotonic() - began
    console.print("\n[bold]The versions of iris_classifier, by training run")
    console.print(versions(trainings))
    console.print("\n[bold]What the references of predict became, by inference run")
    console.print(receipts(predictions))
    steps = [step for run in (*trainings, *predictions) for step in run.steps.values()]
    cached = sum(step.cached for step in steps)
    again = "" if cached > len(steps) / 2 else " Once more, and nearly all of them do: make demo"
    console.print(f"\n{cached} of {len(steps)} steps came from the cache; {seconds:.1f} s.{again}")
    console.print("\n[bold]Look further")
    prefix = f"LATEEN_HOME={os.path.relpath(home)} " if is_own else ""
    lateen = prefix + os.path.relpath(Path(sys.executable).with_name("lateen"))
    for command in commands(trainings[1].name, predictions[1].name):
        console.print(f"  {lateen} {command}", soft_wrap=True)


def versions(trainings: list[Any]) -> Table:
    """What each training run made, as it stands now."""
    made = {version.run.id: version for version in Client().list_model_versions("iris_classifier")}
    table = columns("version", "C", "accuracy", "stage now", "run")
    for run in trainings:
        version = made[run.id]
        accuracy = f"{run.outputs['trained_model'].run_metadata['accuracy']:.3f}"
        C = f"{run.parameters['C']:g}"
        table.add_row(version.version, C, accuracy, version.stage.value, run.name)
    return table


def receipts(predictions: list[Any]) -> Table:
    """What the same references were in one run after the other."""
    steps = [run.steps["predict"] for run in predictions]
    table = columns("", *(f"run {number}" for number in range(1, len(steps) + 1)))
    for row in zip(*(step.receipts for step in steps), strict=True):
        table.add_row(row[0].input or "its model", *map(became, row))
    table.add_row("user code", *("from the cache" if step.cached else "ran" for step in steps))
    table.add_row("predictions", *("\n".join(step.output.data) for step in steps))
    return table


def became(receipt: Any) -> str:
    """What one reference became: a value, or a version of an artifact or of a model."""
    if isinstance(receipt.value, float):
        return f"{receipt.value:.3g}"
    thing = receipt.model if receipt.artifact is None else receipt.artifact
    return f"{thing.name}@{thing.version}"


def columns(*headings: str) -> Table:
    """An empty table without a frame."""
    return Table(*headings, box=None, header_style="dim", padding=(0, 3, 0, 0))


def commands(training_run: str, inference_run: str) -> list[str]:
    """Where to look next."""
    return [
        f"why {inference_run} predict",
        f"describe run {training_run}",
        "get models",
        "describe model iris_classifier@production",
        "run examples/iris/inference.py --param confidence=0.9",
        "local stop",
    ]


if __name__ == "__main__":
    main()
