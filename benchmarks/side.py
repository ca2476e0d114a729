"""One side's measurements, served to `laptop.py`: run in the environment of that side."""

import os
from collections.abc import Mapping
from functools import cache

from benchmarks.array import renew
from benchmarks.measurement import Measurement, serve
from benchmarks.pipelines import MODEL, chain, inference, pair, training
from benchmarks.sdk import Client, ModelStages


def measurements() -> Mapping[str, Measurement]:
    """Every figure that is measured in a process after its start-up."""
    return {
        "training": Measurement(training.with_options(enable_cache=False)),
        "training, cached": Measurement(training),
        "inference": Measurement(inference.with_options(enable_cache=False), put_in_production),
        "chain of ten": Measurement(chain.with_options(enable_cache=False)),
        "chain of ten, cached": Measurement(chain),
        "512 MiB pair": Measurement(pair.with_options(enable_cache=False), settle),
    }


@cache
def put_in_production() -> None:
    """Train once and promote, so that there is a model in production."""
    training()
    Client().get_model_version(MODEL, "latest").set_stage(ModelStages.PRODUCTION, force=True)


def settle() -> None:
    """New bytes, and a disk that owes nothing to the measurement before."""
    renew()
    os.sync()


if __name__ == "__main__":
    serve(measurements())
