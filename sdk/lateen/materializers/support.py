"""Whether an annotation names a class whose values can be saved; asked when a pipeline compiles."""

from __future__ import annotations

import inspect
from typing import Any, Protocol, TypeAliasType, TypeVar, Union, get_args, get_origin  # noqa
