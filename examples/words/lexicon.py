"""A class that no built-in materializer knows, and one that does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from lateen.materializers import BaseMaterializer

FILE = "words.tsv"


class Lexicon:
    """Words, and how often each occurs."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts


class LexiconMaterializer(BaseMaterializer):
    """A line for each word; to define the class is enough, every `Lexicon` is saved by it."""

    ASSOCIATED_TYPES = (Lexicon,)

    def save(self, data: Lexicon) -> None:
        lines = [f"{word}\t{count}\n" for word, count in sorted(data.counts.items())]
        Path(self.uri, FILE).write_text("".join(lines), encoding="utf-8")

    def load(self, data_type: type[Any]) -> Lexicon:  # noqa: ARG002 - it is always a Lexicon
        lines = Path(self.uri, FILE).read_text(encoding="utf-8").splitlines()
        pairs = (line.split("\t") for line in lines)
        return Lexicon(Counter({word: int(count) for word, count in pairs}))

    def extract_metadata(self, data: Lexicon) -> dict[str, Any]:
        return {"different_words": len(data.counts)}
