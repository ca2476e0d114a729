"""A pipeline whose module needs one that does not travel."""

from __future__ import annotations

import hidden

from lateen import pipeline, step


@step(enable_cache=False)
def visit() -> str:
    return hidden.__name__


@pipeline
def visiting():
    visit()
