"""Where the bytes of artifacts lie: content-addressed blobs, in a directory or in a bucket."""

from __future__ import annotations

from .opening import opened, shown

__all__ = ["opened", "shown"]
