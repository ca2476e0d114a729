"""Counts the words of a few texts, with nothing but the standard library."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

from lexicon import Lexicon

from lateen import ExternalArtifact, get_step_context, pipeline, save_artifact, step

TEXTS = (
    "Late is better than never. Never late is better.",
    "The early bird catches the worm. The second mouse gets the cheese.",
)


@step
def count(text: str) -> tuple[Annotated[Lexicon, "lexicon"], Annotated[int, "sentences"]]:
    """Two outputs, each an artifact of its own."""
    return Lexicon(Counter(re.findall(r"\w+", text.lower()))), text.count(".")


@step
def merge(lexicons: list[Lexicon], sentences: list[int]) -> Annotated[Lexicon, "all_words"]:
    """Loads both lists from the artifacts of all the steps before it."""
    merged = Lexicon(sum((lexicon.counts for lexicon in lexicons), Counter[str]()))
    context = get_step_context()
    context.add_output_metadata({"sentences": sum(sentences)})  # committed with the step
    word, times = merged.counts.most_common(1)[0]
    print(f"{context.run.name}: {word!r} comes {times} times")
    save_artifact(word, "most_common_word", user_metadata={"times": times})  # committed at once
    return merged


@pipeline
def words():
    """The body is plain Python: a step for each text, and one that takes what all put out."""
    counted = [count(ExternalArtifact(value=text)) for text in TEXTS]
    return merge([each["lexicon"] for each in counted], [each["sentences"] for each in counted])


if __name__ == "__main__":
    print(words().outputs["all_words"].load().counts.most_common(3))
