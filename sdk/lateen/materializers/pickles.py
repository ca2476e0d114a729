"""Pickle: only where the author asked for it, and recorded."""

from __future__ import annotations

import pickle
from typing import Any

from lateen.domain.errors import MaterializerError
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.classes import name_of

_FILE = "data.pickle"


class PickleMaterializer(BuiltIn):
    """``data.pickle``; loading it runs whatever code it names."""

    FORMAT = "pickle"

    def save(self, data: Any) -> None:
        self.pickled = True
        try:
            with open(self.directory / _FILE, "wb") as file:
                pickle.dump(data, file, protocol=5)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            (self.directory / _FILE).unlink()
            raise MaterializerError(
                f"a {name_of(type(data))} cannot even be pickled: {error}. Write a materializer"
                f" for it"
            ) from error

    def load(self, _data_type: type[Any]) -> Any:
        with open(self.directory / _FILE, "rb") as file:
            return pickle.load(file)
