"""The operations of the client's protocol on a laptop, outside of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lateen.domain.errors import ProtocolError
from lateen.domain.states import Desired
from lateen.local.sweep import sweep
from lateen.step.operations import Operations, check_arguments
from lateen.step.ports import Json, ObjectStore, Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.upkeep.upkeep import UPKEEP, Upkeep
from lateen.workspace.wishes import check_desired

_ABOUT_RUNS = {"delete", "pipelines", "prune_runs", "run", "runs", "set_desired"}


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
        if operation == "set_desired":
            check_arguments(operation, arguments)
            return self.set_desired(**arguments)
        return super().call(operation, **arguments)

    def set_desired(self, run: str, desired: str) -> Json:
        """Says what an unfinished run is to do; the run as it stands then.

        Raises NotFoundError with the nearest name, UserError for a run that has finished or that
        was told to end.
        """
        if desired not in list(Desired):
            raise ProtocolError(f"a run cannot be {desired!r}; there is {', '.join(Desired)}")
        found, wanted = self.run(run), Desired(desired)
        check_desired(found, wanted)
        told = self._catalog.runs.set_desired(found["id"], wanted)
        found = self.run(found["id"])
        if not told:
            check_desired(found, wanted)  # it finished, or was deleted, in between
        return found
