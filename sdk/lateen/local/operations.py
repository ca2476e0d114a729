"""The operations of the client's protocol on a laptop, outside of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.local.sweep import sweep
from lateen.step.operations import Operations, check_arguments
from lateen.step.ports import ObjectStore, Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.upkeep.upkeep import UPKEEP, Upkeep

_ABOUT_RUNS = {"delete", "pipelines", "prune_runs", "run", "runs"}


class LocalOperations(Operations):
    """Answers the client; whoever asks about runs sees those of dead runners as ended."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, scratch: Path, by: str) -> None:
        super().__init__(Stores(catalog, objects), scratch, by)
        self._catalog = catalog
        self._upkeep = Upkeep(self, catalog, objects)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        if operation in _ABOUT_RUNS:
            sweep(self._catalog)
        if operation in UPKEEP:
            check_arguments(operation, arguments)
            return self._upkeep.call(operation, **arguments)
        return super().call(operation, **arguments)
