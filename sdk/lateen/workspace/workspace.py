"""What a target works with: the catalog, the store and the folders of a person here."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.step.ports import ObjectStore
from lateen.stores.catalog.catalog import Catalog
from lateen.workspace.home import Home


@dataclass(frozen=True, slots=True)
class Workspace:
    """Records and bytes, wherever they are, the folders on this computer, and who works here."""

    catalog: Catalog
    objects: ObjectStore
    home: Home
    person: str
