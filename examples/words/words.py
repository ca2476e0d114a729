"""Counts the words of a few texts: fan-in, several outputs, and a materializer of one's own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from lateen import ExternalArtifact, get_step_context, pipeline, save_artifact, step
from lateen.materializers import BaseMaterializer

TEXTS = (
    "Late is better than never. Never late is better.",
    "The early bird catches the worm. The second mouse gets the cheese.",
)


class Lexicon:
    """Words, and how often each occurs."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts


class LexiconMaterializer(BaseMaterializer):
    """A line for each word; defining the class is enough for outputs of the type to use it."""

    ASSOCIATED_TYPES = (Lexicon,)

    def save(self, data: Lexicon) -> None:
        lines = (f"{word}\t{count}\n" for word, count in sorted(data.counts.items()))
        Path(self.uri, "words.tsv").write_text("".join(lines), encoding="utf-8")

    def load(self, data_type: type[Any]) -> Lexicon:
        lines = Path(self.uri, "words.tsv").read_text(encoding="utf-8").splitlines()
        return Lexicon(Counter({word: int(count) for word, count in (x.split("\t") for x in lines)}))


@step
def count(text: str) -> tuple[Annotated[Lexicon, "lexicon"], Annotated[int, "sentences"]]:
    return Lexicon(Counter(re.findall(r"\w+", text.lower()))), text.count(".")


@step
def merge(lexicons: list[Lexicon], sentences: list[int]) -> Annotated[Lexicon, "all_words"]:
    merged = Lexicon(sum((lexicon.counts for lexicon in lexicons), Counter[str]()))
    get_step_context().add_output_metadata({"sentences": sum(sentences)})
    word, times = merged.counts.most_common(1)[0]
    save_artifact(word, "most_common_word", user_metadata={"times": times})  # at once
    return merged


@pipeline
def words():
    counted = [count(ExternalArtifact(value=text)) for text in TEXTS]  # two steps of one kind
    return merge([each["lexicon"] for each in counted], [each["sentences"] for each in counted])


if __name__ == "__main__":
    print(words().outputs["all_words"].load().counts.most_common(3))
