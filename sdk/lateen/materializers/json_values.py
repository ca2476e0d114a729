"""Python's own values as one JSON file, with numbered directories for what JSON cannot hold."""

from __future__ import annotations

import os
from typing import Any

from lateen.domain.errors import MaterializerError
from lateen.domain.kinds import VisualizationType
from lateen.materializers import documents
from lateen.materializers.builtin import BuiltIn, Nesting
from lateen.materializers.decoding import TreeDecoder
from lateen.materializers.encoding import TreeEncoder


class JsonMaterializer(BuiltIn):
    """``data.json``: the value itself, or a container's value and the list of its items.

    A value that JSON can hold is the whole document (format ``json``). Where a container holds
    arrays, frames, estimators, paths or values of users' materializers, the document is
    ``{"value": …, "items": […]}``, item *n* lies in the directory ``n``, and the value refers to
    it as ``{"$item": n}`` (format ``container``). Items are found by their number alone, so
    nothing that a document says leads out of the artifact's directory.
    """

    FORMAT = "json"
    NESTED_FORMAT = "container"

    def __init__(self, uri: str | os.PathLike[str], nesting: Nesting | None = None) -> None:
        super().__init__(uri, nesting)
        self._visualizations: dict[str, VisualizationType] = {}

    def save(self, data: Any) -> None:
        items: list[dict[str, str]] = []

        def leaf(value: Any) -> Any:
            saved = self.nesting.save(value, self.directory / str(len(items)))
            number = len(items)
            self.pickled = self.pickled or saved.pickled
            for path, kind in saved.visualizations.items():
                self._visualizations[f"{number}/{path}"] = VisualizationType(kind)
            items.append(
                {
                    "format": saved.format,
                    "materializer": saved.materializer,
                    "type": saved.type,
                }
            )
            return {"$item": number}

        try:
            tree = TreeEncoder(leaf).encode(data)
        except RecursionError as error:
            raise MaterializerError(
                "the value nests too deeply, or contains itself: neither can be saved"
            ) from error
        self.format = self.NESTED_FORMAT if items else self.FORMAT
        text = documents.text_of({"items": items, "value": tree} if items else tree)
        if not items and len(text) <= self.short and len(text.encode()) <= self.short:
            self.document = text
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        documents.write_text(self.directory / documents.NAME, text)

    def load(self, _data_type: type[Any]) -> Any:
        document = documents.read(self.directory / documents.NAME)
        items: list[Any] = []
        if self.format == self.NESTED_FORMAT:
            if not isinstance(document, dict) or not {"items", "value"} <= document.keys():
                raise MaterializerError("the artifact's data.json is not that of a container")
            items, document = document["items"], document["value"]

        def leaf(number: Any) -> Any:
            if type(number) is not int or not 0 <= number < len(items):
                raise MaterializerError(f"the artifact's data.json refers to no item: {number!r}")
            return self.nesting.load(self.directory / str(number), items[number])

        return TreeDecoder(leaf, self.nesting.resolver).decode(document)

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:  # noqa: ARG002
        return self._visualizations

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        if type(data) in (list, tuple, set, frozenset, dict):
            return {"length": len(data)}
        is_number = type(data) in (bool, int) or isinstance(data, float)
        if not is_number or not abs(data) <= 2**53:
            return {}
        return {"value": float(data) if isinstance(data, float) else data}
