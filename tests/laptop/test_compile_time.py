from __future__ import annotations
import time
from lateen import pipeline, step

@step
def one() -> int:
    return 1

@step
def add(a: int, b: int) -> int:
    return a + b

@pipeline
def p(n: int = 2):
    return add(one(), n)

def test_a(workspace) -> None:
    run = p()
    assert run.outputs["output"].data == 3

def test_b(workspace) -> None:
    run = p(5)
    assert run.outputs["output"].data == 6
    assert not run.steps["one"].cached
