"""One version of an artifact, which also stands for its value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lateen.client import files
from lateen.client.once import Once
from lateen.client.transport import current
from lateen.client.views.forwarding import Forwarding
from lateen.client.views.version import VersionView
from lateen.domain.names import nearest

if TYPE_CHECKING:
    from os import PathLike

    # To type checkers a view passes wherever the value is expected.
    from typing import Any as Unchecked

    from lateen.client.views.step import StepView
else:
    # At run time Any would bring a metaclass and a __dict__: three times slower to make.
    Unchecked = object


class ArtifactVersionView(VersionView, Forwarding, Unchecked):  # type: ignore[misc]
    """One version of an artifact; what else it is asked for goes to its value, loaded once.

    So ``view.predict(x)``, ``view[0]`` and ``view + 1`` work. Its own attributes win over the
    value's: ``view.data.size`` is the array's, ``view.size`` the version's in bytes.
    """

    __slots__ = ("_loaded",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self._loaded: Once[Any] = Once()

    @property
    def digest(self) -> str:
        """``sha256:...`` of the manifest, which covers every byte."""
        return str(self._field("digest"))

    @property
    def kind(self) -> str:
        """What it is for, such as ``data`` or ``model``."""
        return str(self._field("kind"))

    @property
    def type(self) -> str:
        """``module.Qualname`` of the value's class."""
        return str(self._field("type"))

    @property
    def pickled(self) -> bool:
        """Whether it is a pickle, as its author allowed; loading one can run any code."""
        return bool(self._field("pickled"))

    @property
    def uri(self) -> str:
        return str(self._field("uri"))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return int(self._field("size"))

    @property
    def producer_step(self) -> StepView | None:
        """The step that made it; None where it was saved or registered outside of one."""
        run, step = self.run, self._field("step")
        return None if run is None or step is None else run.steps[step]

    def load(self, data_type: Any = None) -> Any:
        """The value, read anew; as ``data_type`` where the materializer can choose.

        Raises MaterializerError where it cannot be loaded, CorruptBlobError where its bytes are
        not those that were saved, or were deleted.
        """
        from lateen.materializers import load

        fetched = current().call("fetch", id=self.id)
        return load(
            Path(fetched["path"]),
            format=fetched["format"],
            type=fetched["type"],
            materializer=fetched["materializer"],
            annotation=Any if data_type is None else data_type,
            allow_pickle=fetched["pickled"],
        )

    read = load

    @property
    def data(self) -> Any:
        """The value, loaded when first asked for and kept."""
        return self._value()

    def download_files(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Write the files to a zip where the path ends in ``.zip``, else into that directory.

        Raises UserError where the path is taken and ``overwrite`` is not given.
        """
        fetched = current().call("fetch", id=self.id)
        return files.download(Path(fetched["path"]), Path(path), overwrite)

    @property
    def __lateen_pinned__(self) -> str:
        """The id that a step's input is pinned to when the view is passed in a pipeline body."""
        return self.id

    def _fetched(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = current().call("details", artifact_version=self.id)
        return found

    def _value(self) -> Any:
        return self._loaded.get(self.load)

    def __getattr__(self, name: str) -> Any:
        # Copying, pickling and notebooks probe for private names; those must not load anything.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = self._value()
        try:
            return getattr(value, name)
        except AttributeError:
            raise AttributeError(self._missing(name, value), name=name, obj=value) from None

    def _missing(self, name: str, value: Any) -> str:
        close = nearest(name, (known for known in dir(value) if not known.startswith("_")))
        hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
        return (
            f"neither {self!r} nor its value, a {type(value).__name__}, has the attribute"
            f" {name!r}{hint}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ArtifactVersionView, (self._fields,)

    def __repr__(self) -> str:
        fields = self._fields
        if "name" not in fields:
            return f"<artifact version {self.id}>"
        return f"<artifact {fields['name']!r} version {fields['version']} ({self.id[:8]})>"

    __str__ = __repr__
