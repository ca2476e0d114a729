"""What all late values have in common: they refuse whatever needs the value itself.

Truth, length, iteration, arithmetic, calls, text and unknown attributes raise the error that
teaches; printing and copying work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from lateen.authoring.location import caller
from lateen.domain.errors import LateAttributeError, LateValueError
from lateen.domain.names import did_you_mean

if TYPE_CHECKING:
    # To type checkers a late value passes wherever the value is expected.
    Unchecked = Any
else:
    Unchecked = object


class Late(Unchecked):  # type: ignore[misc]
    """Something that stands for a value which is known only when a step that takes it starts."""

    __slots__ = ()

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _words(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<late {self._words()}>"

    __str__ = __repr__
    __hash__ = object.__hash__

    def __copy__(self) -> Late:
        return self

    def __deepcopy__(self, memo: object) -> Late:
        return self

    def __getattr__(self, name: str) -> NoReturn:
        raise LateAttributeError(self._refusal(f"has no attribute {name!r}", name), caller())

    def _refusal(self, trouble: str, attribute: str | None = None) -> str:
        hint = "" if attribute is None else self._attribute_hint(attribute)
        return (
            f"{self!r} {trouble} in a pipeline's body: it is a reference, and what it stands for is"
            f" known only when a step that takes it starts; pass it to a step and do this there"
            f"{hint}"
        )

    def _attribute_hint(self, name: str) -> str:
        if name in _LOADING:
            return " (a reference that is passed to a step arrives there as the loaded value)"
        known = [known for known in dir(type(self)) if not known.startswith("_")]
        if name.startswith("_") or not known:
            return ""
        return did_you_mean(name, known) or f"; what it has is {', '.join(known)}"


_LOADING = ("load", "data", "read", "download_files")


def _refusing(trouble: str) -> Callable[..., NoReturn]:
    def refuse(self: Late, *_: object, **__: object) -> NoReturn:
        raise LateValueError(self._refusal(trouble), caller())

    return refuse


_ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or"
_REFUSED = {
    "has no truth value": "bool",
    "has no length": "len length_hint",
    "cannot be iterated over or unpacked": "iter next reversed aiter",
    "cannot be searched": "contains",
    "cannot be indexed": "getitem",
    "cannot be changed": "setattr delattr setitem delitem",
    "cannot be called": "call",
    "cannot be put into a text": "format",
    "cannot be compared": "eq ne lt le gt ge",
    "cannot become an array": "array",
    "cannot become a number": "int float complex index round trunc floor ceil",
    "cannot become bytes or a path": "bytes fspath",
    "cannot be pickled": "reduce_ex",
    "cannot be opened in a with statement": "enter exit aenter aexit",
    "cannot be awaited": "await",
    "cannot be calculated with": " ".join(
        ["neg pos abs invert", _ARITHMETIC]
        + [f"{side}{operation}" for operation in _ARITHMETIC.split() for side in "ri"]
    ),
}

for _trouble, _operations in _REFUSED.items():
    for _operation in _operations.split():
        setattr(Late, f"__{_operation}__", _refusing(_trouble))
