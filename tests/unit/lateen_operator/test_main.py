"""The operator's command says what it needs."""

from __future__ import annotations

import subprocess
import sys


def test_without_the_extra_it_says_how_to_install_it() -> None:
    code = (
        "import runpy, sys\n"
        "sys.modules['prometheus_client'] = None\n"
        "sys.argv = ['lateen_operator', '--help']\n"
        "runpy.run_module('lateen_operator', run_name='__main__')\n"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "the operator needs the extra operator: pip install 'lateen[operator]'\n"
