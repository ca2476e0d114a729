from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "from lateen.stores.objects.s3.loading import load_minio; load_minio(); import sys, minio;"


def clean(code: str) -> str:
    """What a process of its own prints."""
    pytest.importorskip("minio")
    command = [sys.executable, "-c", LOADED + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_part_for_administrators_is_not_loaded() -> None:
    assert clean("minio.Minio; print([m for m in sys.modules if 'Crypto' in m])") == "[]"


def test_it_loads_with_its_first_use() -> None:
    assert clean("from minio import MinioAdmin; print(MinioAdmin.__module__)") == "minio.minioadmin"


def test_what_is_not_there_is_not_found() -> None:
    code = "print(hasattr(minio, 'MinioAdmin'), hasattr(minio, 'Nothing'))"
    assert clean(code) == "True False"


def test_one_that_is_imported_already_stays_as_it_is() -> None:
    code = (
        "del sys.modules['minio']; import minio as other; load_minio();"
        "print(sys.modules['minio'] is other)"
    )
    assert clean(code) == "True"
