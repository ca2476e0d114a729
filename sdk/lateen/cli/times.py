"""Times, durations and sizes as tables show them."""

from __future__ import annotations

from datetime import datetime

from lateen.client.views.record import clock

__all__ = ["age", "between", "clock", "precise", "rounded", "size_text"]


def age(text: str | None, now: datetime) -> str:
    """How long ago a time of the wire protocol was: ``12s``, ``5m``, ``3h``, ``2d``."""
    if text is None:
        return ""
    return rounded((now - datetime.fromisoformat(text)).total_seconds())


def between(start: str | None, end: str | None, now: datetime) -> str:
    """How long something took, or takes up to now."""
    if start is None:
        return ""
    last = now if end is None else datetime.fromisoformat(end)
    return precise((last - datetime.fromisoformat(start)).total_seconds())


def rounded(seconds: float) -> str:
    """A duration in its largest unit."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size * (2 if unit == "m" else 1):
            return f"{whole // size}{unit}"
    return f"{whole}s"


def precise(seconds: float) -> str:
    """A duration with as many digits as matter: ``40ms``, ``3.2s``, ``5m12s``."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{rest}s"


def size_text(size: int | None) -> str:
    """Bytes in the unit that fits."""
    if size is None:
        return ""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{size} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"
