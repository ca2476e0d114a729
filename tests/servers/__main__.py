"""Builds the servers that tests need and that take minutes: ``python -m tests.servers``."""

from __future__ import annotations

import sys

from tests.servers import minio

if __name__ == "__main__":
    found = minio.provided()
    print(found or f"there is no MinIO server: {minio.REMEDY}")
    sys.exit(found is None)
