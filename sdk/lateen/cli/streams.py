"""Keeps stdout for data: what pipelines and steps print goes to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

STDOUT, STDERR = 1, 2


@contextmanager
def stdout_for_data() -> Iterator[None]:
    """Send what the user's code prints meanwhile to stderr; other processes that it starts too."""
    is_real = sys.stdout is sys.__stdout__
    sys.stdout.flush()
    with redirect_stdout(sys.stderr):
        if is_real:
            with _descriptor_redirected():
                yield
        else:
            yield


@contextmanager
def _descriptor_redirected() -> Iterator[None]:
    kept = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)
