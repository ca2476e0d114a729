"""Connections to the catalog's database: few, reused, closed when idle; transactions retried."""

from __future__ import annotations

import errno
import os
import random
import select
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from lateen.domain.errors import CatalogUnavailable
from lateen.stores.catalog.failures import mapped
from lateen.stores.catalog.url import check_url

T = TypeVar("T")
Row = dict[str, Any]
Connection = psycopg.Connection[Row]
_Steps = Generator[Any, Any, T]

SERIALIZATION_ATTEMPTS = 50
CONNECTION_SECONDS = 30.0
"""For how long a database that is full, or that was there before, is waited for."""
CONNECTING_SECONDS = 3
"""For how long a connection may take to open where statements are bounded, too."""
LOSSES = 6
"""How many connections one transaction may lose before that counts as an answer."""
FROZEN_SECONDS = 5.0
"""After a statement's time has passed, until a server that did not end it counts as frozen."""
IDLE_SECONDS = 5.0
"""After which an unused connection is closed: others may be waiting for its place."""
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_TRANSIENT = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_FULL = ("too many clients", "too many connections", "remaining connection slots")
"""SQLSTATE 53300 in words, since a refused connection carries no code."""
_QUEUED = os.strerror(errno.EAGAIN)
"""What a Unix socket says while more wait to be accepted than its queue holds."""


class Connections:
    """A stack of idle connections; as many as are used at once are open."""

    def __init__(
        self,
        url: str,
        patience: float | None = None,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._revive = revive
        """Starts the database again, where it is ours to start."""
        self._patience = CONNECTION_SECONDS if patience is None else patience
        self._longest: float | None = None
        self._idle: list[tuple[float, Connection]] = []
        """Each with the time since which it is unused."""
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closer: threading.Timer | None = None
        self._given_up = False
        """Whether the database was waited for in vain: the next one to ask is told at once."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in autocommit mode, given back afterwards unless it broke."""
        connection = self._taken()
        try:
            yield connection
        except psycopg.Error as error:
            raise mapped(error) from error
        finally:
            self._give_back(connection)

    def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in one REPEATABLE READ transaction; the whole again where that lost a race.

        Where the connection is lost it runs again, too, even if the commit was sent already. So
        ``work`` must do nothing outside the transaction, and no harm after its own success.
        """
        return self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE", work, True)

    def transaction(self, work: Callable[[Connection], T], *, harmless: bool = False) -> T:
        """Runs ``work`` in one READ COMMITTED transaction; the whole again after a deadlock.

        Where the connection is lost it runs again if nothing was committed for certain, or if it is
        ``harmless`` after its own success.
        """
        return self._transaction(BEGIN, work, harmless)

    def execute(
        self, query: str, parameters: dict[str, Any] | None = None, *, harmless: bool = True
    ) -> list[Row]:
        """The rows of one statement, in a transaction of its own; again after a deadlock.

        Where the connection is lost it is sent again if it is ``harmless`` after its own success.
        """

        def run() -> list[Row]:
            with self._open() as connection, _doubted(connection, harmless):
                cursor = connection.execute(query.encode(), parameters)
                return cursor.fetchall() if cursor.description else []

        return _retried(run)

    def _transaction(self, begin: str, work: Callable[[Connection], T], harmless: bool) -> T:
        def run() -> T:
            with self._open() as connection:
                return _committed(connection, begin, work, harmless)

        return _retried(run)

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        connection = self._taken()
        try:
            yield connection
        except psycopg.Error as error:
            if connection.closed:
                raise _Lost(error) from error
            raise
        finally:
            self._give_back(connection)

    def _taken(self) -> Connection:
        with self._lock:
            if self._process != os.getpid():  # a fork must not share its parent's sockets
                self._idle, self._process, self._closer = [], os.getpid(), None
            while self._idle:
                _, connection = self._idle.pop()
                if _quiet(connection):
                    return connection
                connection.close()
        return self._connected()

    def bound(self, seconds: float) -> None:
        """From here on a statement fails after so many seconds, also while it waits for a lock."""
        self.close()
        self._longest = seconds

    def _connected(self) -> Connection:
        """A new connection; a database that was there before may be starting again."""
        try:
            patience = 0.0 if self._given_up else self._patience
            connection = connect(self._url, patience, self._longest, self._revive)
        except CatalogUnavailable:
            self._given_up = True
            raise
        self._given_up = False
        return connection

    def _give_back(self, connection: Connection) -> None:
        status = connection.info.transaction_status
        if connection.closed or status != psycopg.pq.TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._idle.append((time.monotonic(), connection))
            if self._closer is None:
                self._close_later()

    def _close_later(self) -> None:
        self._closer = threading.Timer(IDLE_SECONDS, self._close_unused)
        self._closer.daemon = True
        self._closer.start()

    def _close_unused(self) -> None:
        """Closes what was not used for a while, and looks again while there is more."""
        oldest = time.monotonic() - IDLE_SECONDS
        with self._lock:
            unused = [connection for since, connection in self._idle if since <= oldest]
            self._idle = [(since, each) for since, each in self._idle if since > oldest]
            self._closer = None
            if self._idle:
                self._close_later()
        for connection in unused:
            connection.close()

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()


def _retried(run: Callable[[], T]) -> T:
    """What ``run`` gives, again where the database rolled it back for a race, or went away."""
    for attempt in range(SERIALIZATION_ATTEMPTS):
        try:
            return run()
        except _TRANSIENT as error:
            if attempt == SERIALIZATION_ATTEMPTS - 1:
                raise mapped(error) from error
            time.sleep(random.uniform(0, min(0.5, 0.002 * 2**attempt)))
        except _Lost as lost:
            if attempt >= LOSSES:
                raise mapped(lost.error) from lost.error
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        except psycopg.Error as error:
            raise mapped(error) from error
    raise AssertionError("unreachable")


class _Lost(Exception):
    """The connection is gone, and nothing came of what was sent, or its repetition is harmless."""

    def __init__(self, error: psycopg.Error) -> None:
        self.error = error


@contextmanager
def _doubted(connection: Connection, harmless: bool) -> Iterator[None]:
    """Keeps what may have been committed from being sent again, unless that is harmless."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed and not harmless:
            raise mapped(error) from error
        raise


def _quiet(connection: Connection) -> bool:
    """Whether an idle connection still stands: a server speaks unasked only to end it."""
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    return not watch.poll(0)


def connect(
    url: str,
    patience: float = 0.0,
    longest: float | None = None,
    revive: Callable[[], None] | None = None,
) -> Connection:
    """A new connection to the primary; waits, with full jitter, while too many are open.

    One that does not answer is started again by ``revive`` and waited for as long as ``patience``
    says; no statement takes more than ``longest`` seconds. Raises SetupError for a URL that cannot
    be read, and CatalogUnavailable, as ``revive`` may, for a database that cannot be reached.
    """
    check_url(url)
    began = time.monotonic()
    pause = 0.01
    while True:
        try:
            return _opened_again(url, longest, revive) if revive else _opened(url, longest)
        except psycopg.OperationalError as error:
            limit = max(patience, CONNECTION_SECONDS if _too_many(error) else 0.0)
            if time.monotonic() - began >= limit:
                raise CatalogUnavailable(
                    f"the catalog's database cannot be reached ({_first_line(error)}); once it runs"
                    " and LATEEN_DATABASE_URL, where it is set, leads to it, try again"
                ) from None
        time.sleep(random.uniform(0, pause))
        pause = min(pause * 2, 1.0)


def _opened_again(url: str, longest: float | None, revive: Callable[[], None]) -> Connection:
    try:
        return _opened(url, longest)
    except psycopg.OperationalError as error:
        if _too_many(error):
            raise
    revive()
    return _opened(url, longest)


def _opened(url: str, longest: float | None) -> Connection:
    connection: _Bounded = _Bounded.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        prepare_threshold=2,
        connect_timeout=10 if longest is None else CONNECTING_SECONDS,
        target_session_attrs="read-write",
        application_name="lateen",
        # A computer or a network that is gone is noticed in half a minute, not in fifteen.
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=4,
        tcp_user_timeout=30_000,
    )
    connection.longest = longest
    # Whatever its parameters are, a query here takes the same indexes; to plan it for them each
    # time, as PostgreSQL would where one is an array, costs more than to run it.
    connection.execute("SET plan_cache_mode = force_generic_plan")
    if longest is not None:
        connection.execute(f"SET statement_timeout = {int(longest * 1000)}")
    return connection


class _Bounded(psycopg.Connection[Row]):
    """A connection that gives up a server which is there, and whose processes do not go on."""

    longest: float | None = None
    """Seconds that a statement may take, which the server itself holds as long as it can."""

    def wait(self, gen: _Steps[T], *arguments: Any, **options: Any) -> T:
        if self.longest is not None:
            gen = self._within(gen, self.longest + FROZEN_SECONDS)
        return super().wait(gen, *arguments, **options)

    def _within(self, gen: _Steps[T], seconds: float) -> _Steps[T]:
        """The same steps; CatalogUnavailable where no answer came within so many seconds."""
        deadline = time.monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.close()  # a ROLLBACK would wait as long again
                    raise CatalogUnavailable(
                        f"the catalog's database did not answer within {seconds:g} s"
                    )
                wanted = gen.send(ready)
        except StopIteration as end:
            answer: T = end.value
            return answer


def _too_many(error: psycopg.OperationalError) -> bool:
    return error.sqlstate == "53300" or any(words in str(error) for words in (*_FULL, _QUEUED))


def _first_line(error: Exception) -> str:
    # libpq's messages name host and user but never the password; only the first line is for people.
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _committed(
    connection: Connection, begin: str, work: Callable[[Connection], T], harmless: bool
) -> T:
    connection.execute(begin.encode())
    try:
        result = work(connection)
        with _doubted(connection, harmless):
            connection.execute("COMMIT")
        return result
    except BaseException:
        with suppress(psycopg.Error):  # it was lost, or interrupted while it worked
            connection.execute("ROLLBACK")
        raise
