"""The workspaces: a namespace's catalog and object store, as its Secret says where they are."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import (
    CatalogRefused,
    CatalogUnavailable,
    LateenError,
    SetupError,
    TemporaryError,
)
from lateen.step.ports import Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects import opened
from lateen.workspace.remote_clock import RemoteClock
from lateen_operator.breaker import SOON, Breaker
from lateen_operator.guarded_store import PATIENCE as STORE_PATIENCE
from lateen_operator.guarded_store import GuardedStore
from lateen_operator.kinds import NAMESPACES, SECRETS
from lateen_operator.kube import Cluster
from lateen_operator.logs import log
from lateen_operator.pods.names import STORE_SECRET

DATABASE, STORE = "LATEEN_DATABASE_URL", "LATEEN_STORE_URL"
STEP_LIMIT = "lateen.dev/step-limit"
"""The annotation of a namespace that says how many steps of it run at once."""
PATIENCE = 2.0
"""Seconds for which a worker waits for a database that was there before, or for who opens it."""
LONGEST_STATEMENT = 15.0
"""Seconds after which one is given up, and with it the catalog: a lock may be held for hours."""
FRESH = 60.0
"""Seconds for which what a Secret and a namespace say is taken as it was."""


def _nothing(_namespace: str = "") -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Workspace:
    """A namespace with its catalog and its store."""

    namespace: str
    url: str = field(repr=False)
    catalog: Catalog
    stores: Stores
    version: str
    """The Secret's resourceVersion."""
    breaker: Breaker
    """Between the workers and the catalog."""
    clock: RemoteClock
    """That of the catalog's database, of which all times in it are."""
    step_limit: int | None = None
    looked_at: float = 0.0
    ended: Callable[[], None] = _nothing
    """Ends what listens to its catalog."""

    def close(self) -> None:
        """Ends all that it has open."""
        self.ended()
        self.catalog.close()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Notes where the catalog does not answer; whoever hears from it says so to the breaker."""
        began = self.breaker.now()
        try:
            yield
        except CatalogUnavailable as error:
            self.breaker.failed(error, began)
            raise


class Workspaces:
    """Opens workspaces when they are first needed, and again where their Secret changed."""

    def __init__(
        self,
        cluster: Cluster,
        opened_one: Callable[[Workspace, list[tuple[str, AttemptKey]]], None],
        step_limit: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        answers_again: Callable[[str], None] = _nothing,
    ) -> None:
        """``answers_again`` is told the namespace whose catalog or store had not answered."""
        self._answers_again = answers_again
        self._cluster = cluster
        self._opened_one = opened_one
        self._step_limit = step_limit
        self.clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._open: dict[str, Workspace] = {}
        self._breakers: dict[str, Breaker] = {}
        self._failed: dict[str, tuple[float, LateenError]] = {}

    def of(self, namespace: str) -> Workspace:
        """The workspace of a namespace.

        Raises SetupError where its Secret is missing or wrong, CatalogUnavailable where its
        database cannot be reached, CatalogRefused where it is no catalog, ClusterUnavailable where
        the API server cannot be reached, TemporaryError where another worker still opens it.
        """
        with self._lock:
            lock = self._locks.setdefault(namespace, threading.Lock())
            breaker = self._breakers.setdefault(namespace, self._breaker(namespace))
        tried_again = breaker.open
        breaker.check()
        began = breaker.now()
        try:
            return self._found(namespace, lock, breaker, began, tried_again)
        except LateenError:  # of the catalog nothing may be known: the API server did not answer
            breaker.untried(began)
            raise

    def _found(
        self,
        namespace: str,
        lock: threading.Lock,
        breaker: Breaker,
        began: float,
        tried_again: bool,
    ) -> Workspace:
        workspace = self._open.get(namespace)
        # Whoever opens a workspace, or reads its Secret again, may wait for long: the others have
        # other namespaces to look at, and what is open serves them meanwhile.
        if not lock.acquire(timeout=PATIENCE if workspace is None else 0):
            if workspace is not None:
                return workspace
            raise TemporaryError("the workspace takes long to open; it is tried again soon")
        try:
            workspace, now = self._open.get(namespace), self.clock()
            if workspace is None:
                return self._try(namespace, now, breaker, began)
            if tried_again or now - workspace.looked_at > FRESH:
                return self._looked_at_again(workspace, now)
            return workspace
        finally:
            lock.release()

    def keep(self, namespaces: Iterable[str]) -> None:
        """Closes those of all other namespaces."""
        kept = set(namespaces)
        with self._lock:
            gone = [self._open.pop(name) for name in list(self._open) if name not in kept]
            for book in (self._locks, self._breakers, self._failed):
                for name in book.keys() - kept:
                    del book[name]
        for workspace in gone:
            workspace.close()

    def namespaces(self, served: tuple[str, ...]) -> list[str]:
        """The namespaces that have the Secret."""
        selector = f"metadata.name={STORE_SECRET}"
        return [
            secret["metadata"]["namespace"]
            for namespace in served or (None,)
            for page in self._cluster.pages(SECRETS, namespace, fieldSelector=selector)
            for secret in page["items"]
        ]

    def _try(self, namespace: str, now: float, breaker: Breaker, began: float) -> Workspace:
        """Opens a workspace; what failed a moment ago fails again at once."""
        breaker.check_again(began)
        until, error = self._failed.get(namespace, (0.0, None))
        if error is not None and now < until:
            raise error
        try:
            workspace = self._opened(namespace, self._secret(namespace), breaker)
        except CatalogUnavailable as failure:
            breaker.failed(failure, began)
            raise
        except (SetupError, CatalogRefused) as failure:
            breaker.answered()
            self._failed[namespace] = now + SOON, failure
            raise
        breaker.answered()
        self._failed.pop(namespace, None)
        with self._lock:
            self._open[namespace] = workspace
        return workspace

    def _looked_at_again(self, workspace: Workspace, now: float) -> Workspace:
        secret = self._secret(workspace.namespace)
        if secret["metadata"]["resourceVersion"] == workspace.version:
            workspace.looked_at = now
            workspace.step_limit = self._limit(workspace.namespace)
            return workspace
        log.info("the Secret of the workspace changed", extra={"namespace": workspace.namespace})
        with self._lock:
            self._open.pop(workspace.namespace, None)
        workspace.close()
        return self._try(workspace.namespace, now, workspace.breaker, workspace.breaker.now())

    def _secret(self, namespace: str) -> dict[str, Any]:
        secret = self._cluster.get(SECRETS, namespace, STORE_SECRET)
        if secret is None:
            with self._lock:
                gone = self._open.pop(namespace, None)
            if gone is not None:
                gone.close()
            raise SetupError(
                f"the namespace {namespace} is no workspace: it has no Secret {STORE_SECRET} with"
                f" {DATABASE} and {STORE}"
            )
        return secret

    def _opened(self, namespace: str, secret: dict[str, Any], breaker: Breaker) -> Workspace:
        environment = _environment(secret)
        url = environment[DATABASE]
        catalog = Catalog(url, PATIENCE, LONGEST_STATEMENT)
        objects = opened(environment[STORE], environment, STORE_PATIENCE)
        stores = Stores(catalog, GuardedStore(objects, self._breaker(namespace)), private=False)
        workspace = Workspace(
            namespace,
            url,
            catalog,
            stores,
            secret["metadata"]["resourceVersion"],
            breaker,
            RemoteClock(catalog.operating.clock()),
            self._limit(namespace),
            self.clock(),
        )
        self._opened_one(workspace, catalog.operating.live())
        log.info("a workspace was opened", extra={"namespace": namespace})
        return workspace

    def _breaker(self, namespace: str) -> Breaker:
        return Breaker(self.clock, partial(self._answers_again, namespace))

    def _limit(self, namespace: str) -> int | None:
        found = self._cluster.get(NAMESPACES, None, namespace) or {"metadata": {}}
        text = (found["metadata"].get("annotations") or {}).get(STEP_LIMIT, "")
        return int(text) if text.isdecimal() and int(text) else self._step_limit


def _environment(secret: dict[str, Any]) -> dict[str, str]:
    """What the Secret holds; SetupError, which shows none of it, where it cannot be used."""
    found = {}
    for name, text in (secret.get("data") or {}).items():
        try:
            found[name] = base64.b64decode(text).decode().strip()
        except ValueError:
            raise SetupError(f"the Secret {STORE_SECRET}: {name} is not text") from None
    missing = [name for name in (DATABASE, STORE) if not found.get(name)]
    if missing:
        raise SetupError(f"the Secret {STORE_SECRET} has no {' and no '.join(missing)}")
    return found
