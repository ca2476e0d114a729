"""The third-party libraries that built-in formats need, imported at the last moment."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lateen.domain.errors import SetupError

DISTRIBUTIONS = {
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "sklearn": "scikit-learn",
    "skops": "skops",
}


def library(module: str) -> Any:
    """The module, imported now; its types stay ``Any``, for most of these ship none.

    Raises:
        SetupError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        distribution = DISTRIBUTIONS[module.partition(".")[0]]
        raise SetupError(
            f"{distribution} is needed to save or load this value, and it cannot be imported here:"
            f" pip install {distribution}"
        ) from error
