"""More clients than the database takes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from lateen.stores.catalog.connections import connect

CLIENTS = 300
"""Three times what the server takes, and more than may wait at its socket."""


def test_clients_that_find_no_place_get_their_turn(database_url):
    def ask(number: int) -> int:
        with connect(database_url) as connection:
            row = connection.execute("SELECT %s AS number", (number,)).fetchone()
            assert row is not None
            return int(row["number"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert list(pool.map(ask, range(CLIENTS))) == list(range(CLIENTS))
