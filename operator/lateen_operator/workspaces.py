"""The workspaces: a namespace's catalog and object store, as its Secret says where they are."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.errors import CatalogUnavailable, SetupError
from lateen.step.ports import Stores
from lateen.stores.catalog.catalog import Catalog
from lateen.stores.objects import opened
from lateen_operator.kinds import NAMESPACES, SECRETS
from lateen_operator.kube import Cluster
from lateen_operator.logs import log
from lateen_operator.pods.names import STORE_SECRET

DATABASE, STORE = "LATEEN_DATABASE_URL", "LATEEN_STORE_URL"
STEP_LIMIT = "lateen.dev/step-limit"
"""The annotation of a namespace that says how many steps of it run at once."""
PATIENCE = 2.0
"""Seconds for which a worker waits for a database that was there before."""
FRESH = 60.0
"""Seconds for which what a Secret and a namespace say is taken as it was."""
SOON, LATE = 1.0, 8.0
"""Seconds after which an unreachable catalog is tried again, at first and at most."""


def _nothing() -> None:
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
    step_limit: int | None = None
    looked_at: float = 0.0
    down_until: float = 0.0
    pause: float = SOON
    ended: Callable[[], None] = _nothing
    """Ends what listens to its catalog."""

    def close(self) -> None:
        """Ends all that it has open."""
        self.ended()
        self.catalog.close()

    def check(self, now: float) -> None:
        """CatalogUnavailable, at once, while the catalog was found unreachable just now."""
        if now < self.down_until:
            raise CatalogUnavailable(
                "the catalog cannot be reached for now; it is tried again soon"
            )

    def failed(self, now: float) -> None:
        """The catalog could not be reached."""
        self.down_until = now + self.pause
        self.pause = min(LATE, self.pause * 2)

    def answered(self) -> None:
        """The catalog can be reached."""
        self.down_until, self.pause = 0.0, SOON


class Workspaces:
    """Opens workspaces when they are first needed, and again where their Secret changed."""

    def __init__(
        self,
        cluster: Cluster,
        opened_one: Callable[[Workspace, list[tuple[str, AttemptKey]]], None],
        step_limit: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._opened_one = opened_one
        self._step_limit = step_limit
        self.clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._open: dict[str, Workspace] = {}
        self._failed: dict[str, tuple[float, Exception]] = {}

    def of(self, namespace: str) -> Workspace:
        """The workspace of a namespace.

        Raises SetupError where its Secret is missing or wrong, CatalogUnavailable where its
        database cannot be reached, ClusterUnavailable where the API server cannot.
        """
        with self._lock:
            lock = self._locks.setdefault(namespace, threading.Lock())
        with lock:
            workspace, now = self._open.get(namespace), self.clock()
            if workspace is None:
                return self._try(namespace, now)
            workspace.check(now)
            if workspace.down_until or now - workspace.looked_at > FRESH:
                return self._looked_at_again(workspace, now)
            return workspace

    def keep(self, namespaces: Iterable[str]) -> None:
        """Closes those of all other namespaces."""
        kept = set(namespaces)
        with self._lock:
            gone = [self._open.pop(name) for name in list(self._open) if name not in kept]
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

    def _try(self, namespace: str, now: float) -> Workspace:
        """Opens a workspace; what failed a moment ago fails again at once."""
        until, error = self._failed.get(namespace, (0.0, None))
        if error is not None and now < until:
            raise error
        try:
            workspace = self._opened(namespace, self._secret(namespace))
        except (SetupError, CatalogUnavailable) as failure:
            self._failed[namespace] = now + SOON, failure
            raise
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
        return self._try(workspace.namespace, now)

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

    def _opened(self, namespace: str, secret: dict[str, Any]) -> Workspace:
        environment = _environment(secret)
        url = environment[DATABASE]
        catalog = Catalog(url, PATIENCE)
        stores = Stores(catalog, opened(environment[STORE], environment), private=False)
        workspace = Workspace(
            namespace,
            url,
            catalog,
            stores,
            secret["metadata"]["resourceVersion"],
            self._limit(namespace),
            self.clock(),
        )
        self._opened_one(workspace, catalog.operating.live())
        log.info("a workspace was opened", extra={"namespace": namespace})
        return workspace

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
