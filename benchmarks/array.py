"""The 512 MiB array that one step writes and the next reads."""

from functools import cache
from time import time_ns

import numpy
from numpy.typing import NDArray


@cache
def array() -> NDArray[numpy.float64]:
    """The array, made once, so that making it is in no measurement."""
    return numpy.arange(2**26, dtype=numpy.float64)


def renew() -> None:
    """Change the array's bytes, so that no store finds that it has them already."""
    array()[0] = time_ns()
