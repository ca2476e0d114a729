"""What both containers work with: the attempt's task and the stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from lateen.domain.attempts import AttemptKey
from lateen.pod.objects import PodObjects
from lateen.pod.settings import Settings
from lateen.step.ports import Stores
from lateen.step.task import Task
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects import opened


@contextmanager
def workplace(settings: Settings) -> Iterator[tuple[Task, Stores, PodObjects]]:
    """The task, as the catalog holds it, and the stores; the work directory counts as hostile."""
    catalog = Catalog(settings.database_url)
    try:
        objects = PodObjects(partial(opened, settings.store_url))
        yield _task(settings, catalog), Stores(catalog, objects, private=False), objects
    finally:
        catalog.close()


def _task(settings: Settings, catalog: Catalog) -> Task:
    attempt: AttemptKey = settings.attempt
    record = catalog.runs.load(attempt.run)
    return Task(
        attempt,
        settings.holder,
        record.spec,
        record.spec.step(attempt.step),
        record.parameters,
        record.name,
        record.created_at,
        record.submitted_by or "",
        settings.image,
        waited=settings.waited,
        replay=record.replay,
    )
