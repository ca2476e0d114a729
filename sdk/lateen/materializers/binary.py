"""Bytes as one file, as they are."""

from __future__ import annotations

from typing import Any

from lateen.materializers.builtin import BuiltIn


class BytesMaterializer(BuiltIn):
    """``data.bin`` with the value's own bytes."""

    FORMAT = "bytes"

    def save(self, data: Any) -> None:
        (self.directory / "data.bin").write_bytes(data)

    def load(self, _data_type: type[Any]) -> Any:
        return (self.directory / "data.bin").read_bytes()

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"length": len(data)}
