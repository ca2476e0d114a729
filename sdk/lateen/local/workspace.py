"""What a runner works with: the catalog, the store and the home of one laptop."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.local.home import Home
from lateen.step.ports import ObjectStore
from lateen.stores.catalog.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Workspace:
    """One laptop's records, bytes and folders, and who works there."""

    catalog: Catalog
    objects: ObjectStore
    home: Home
    person: str
