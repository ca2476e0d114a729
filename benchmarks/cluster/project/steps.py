"""The pipelines that are timed: steps that do nothing, so that what is around them shows."""

from lateen import pipeline, step


@step
def first(number: int = 0) -> int:
    """What a chain begins with."""
    return number


@step
def following(before: int) -> int:
    """A link of a chain."""
    return before + 1


@pipeline
def chain(length: int = 10, number: int = 0) -> None:
    """Steps of which each waits for the one before it."""
    link = first(number)
    for _ in range(length - 1):
        link = following(link)


@pipeline
def crowd(width: int = 40, number: int = 0) -> None:
    """Steps of which none waits for another."""
    for place in range(width):
        first(number + place)
