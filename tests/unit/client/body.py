"""The body of a pipeline that is being compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lateen.authoring.composition import Composition, Frame, composed


@contextmanager
def composing() -> Iterator[None]:
    """Be in the body of a pipeline."""
    with composed(Composition("training", Frame(), "training.py:1")):
        yield
