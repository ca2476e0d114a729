"""Settings of the whole machine that a kubelet changes without being asked."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

NAMES = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
SYSTEM = Path("/proc/sys")


def settings() -> dict[str, str]:
    """What they are now."""
    return {name: (SYSTEM / name).read_text().strip() for name in NAMES if (SYSTEM / name).exists()}


def restore(settings: dict[str, str]) -> None:
    """Puts them back, as far as the machine lets us."""
    for name, value in settings.items():
        if name in NAMES:
            with suppress(OSError):
                (SYSTEM / name).write_text(value)
