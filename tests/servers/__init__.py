"""Real servers that tests and benchmarks start for themselves."""

from __future__ import annotations

from . import minio, postgres, rclone

__all__ = ["minio", "postgres", "rclone"]
