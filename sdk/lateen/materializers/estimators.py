"""scikit-learn estimators as skops archives, which hold state and no code."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from lateen.domain.errors import MaterializerError, UnsupportedTypeError
from lateen.domain.kinds import ArtifactType
from lateen.materializers.archives import rewrite
from lateen.materializers.builtin import BuiltIn
from lateen.materializers.classes import name_of
from lateen.materializers.libraries import library


class EstimatorMaterializer(BuiltIn):
    """``data.skops``, in which only types of skops's own allow-list may occur."""

    FORMAT = "skops"
    MODULES = ("sklearn", "skops")
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.MODEL

    def save(self, data: Any) -> None:
        archive = _dump(data)
        untrusted = library("skops.io").get_untrusted_types(data=archive)
        if untrusted:
            raise UnsupportedTypeError(
                f"a {name_of(type(data))} cannot be saved, for it holds types that skops does not"
                f" trust to be loaded safely: {', '.join(sorted(untrusted))}. Write a materializer"
                f" for it, or allow pickle: ArtifactConfig(allow_pickle=True)"
            )
        with open(self.directory / "data.skops", "wb") as file:
            rewrite(BytesIO(archive), file)

    def load(self, _data_type: type[Any]) -> Any:
        skops = library("skops.io")
        exceptions = library("skops.io.exceptions")
        path = self.directory / "data.skops"
        try:
            # No further types are trusted: what an archive names beyond the list is refused.
            return skops.load(path, trusted=[])
        except exceptions.UntrustedTypesFoundException as error:
            raise MaterializerError(
                f"the estimator cannot be loaded, for it holds types that skops does not trust:"
                f" {', '.join(sorted(skops.get_untrusted_types(file=path)))}"
            ) from error

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"estimator": type(data).__qualname__}


def _dump(estimator: Any) -> bytes:
    try:
        archive: bytes = library("skops.io").dumps(estimator)
        return archive
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UnsupportedTypeError(
            f"skops cannot save this {name_of(type(estimator))}: {error}. Write a materializer for"
            f" it, or allow pickle: ArtifactConfig(allow_pickle=True)"
        ) from error
