"""The node's whole life: booted for whoever needs it, ended with everything that it left."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster import (
    boot,
    cgroup,
    containers,
    enclosure,
    kernel,
    packages,
    places,
    programs,
    state,
)
from tests.cluster.lock import locked
from tests.cluster.process import Process
from tests.cluster.state import State
from tests.cluster.trouble import Trouble

NEEDS_ROOT = "a test cluster of its own needs root on Linux: it makes namespaces and mounts"
Say = Callable[[str], None]


def running() -> bool:
    """Whether the node is up."""
    found = state.read()
    return found is not None and found.alive


def possible() -> bool:
    """Whether this machine can have the node."""
    return os.uname().sysname == "Linux" and os.geteuid() == 0


def ensure(session: Process | None, say: Say = lambda text: None) -> bool:
    """Boots the node unless it runs; whether it had to.

    It runs until the last test session that asked has ended, or ``stop`` where it was started
    by hand, without a session. Trouble where this machine cannot have it.
    """
    if not possible():
        raise Trouble(NEEDS_ROOT)
    with locked(_lock()):
        found = state.read()
        if found and found.alive:
            _join(found, session)
            return False
        if found and found.wanted and found.dead:
            say(f"ended by themselves: {', '.join(found.dead)}; starting anew")
        _clear(found)
        _boot(session, say)
        return True


def release(session: Process) -> None:
    """The session needs the node no more."""
    with locked(_lock()):
        found = state.read()
        if found is None:
            return
        found.sessions = [other for other in found.sessions if other != session]
        if found.wanted:
            found.write()
        else:
            _clear(found)


def stop() -> bool:
    """Ends the node and removes what it, or one that died before it, left; whether there was."""
    if not possible():
        raise Trouble(NEEDS_ROOT)
    with locked(_lock()):
        found = state.read()
        there = found is not None or bool(cgroup.processes())
        _clear(found)
        return there


def _join(found: State, session: Process | None) -> None:
    if session is None:
        found.kept = True
    else:
        found.sessions.append(session)
    found.write()


def _boot(session: Process | None, say: Say) -> None:
    packages.ensure()
    for name in programs.NAMES:
        programs.program(name)
    began = time.monotonic()
    current = State(kernel.settings())
    _join(current, session)
    try:
        boot.start_all(current, say)
    except BaseException:  # an interrupt too must leave nothing behind
        _clear(current)
        raise
    current.complete = True
    current.write()
    say(f"the node is Ready after {time.monotonic() - began:.1f} s")


def _clear(found: State | None) -> None:
    """Ends what runs and removes what lies about."""
    trusted = found is not None and found.complete and containers.remove_all()
    cgroup.remove()
    boot.forget_children()
    enclosure.disconnect()
    if places.node().exists():
        shutil.rmtree(places.node())
    if not trusted:
        # Images are cheap to import again, and what a killed containerd left may be half of one.
        shutil.rmtree(places.node_images(), ignore_errors=True)
    if found is not None:
        kernel.restore(found.kernel)
    state.forget()


def _lock() -> Path:
    return places.cache() / f"{places.named('node')}.lock"
