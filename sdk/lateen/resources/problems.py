"""What is wrong with a resource, in words and with the place in its file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from lateen.domain.names import did_you_mean, nearest, shown

Location = tuple[str | int, ...]
_LONGEST_KEY = 255


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[Location, str]]:
    """Each problem with the path of its field and a sentence that says what to do."""
    return [
        (tuple(item["loc"]), _sentence(item, model, tuple(item["loc"])))
        for item in error.errors(include_url=False)
    ]


def path_text(location: Location) -> str:
    """A path as people write it: ``spec.steps[0].inputs.data``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}"
    return text.lstrip(".") or "the document"


def _key(part: str) -> str:
    """As it is, unless it holds what a line cannot: a database even refuses a NUL."""
    return part if part.isprintable() and len(part) <= _LONGEST_KEY else shown(part)


def _sentence(item: Any, model: type[BaseModel], location: Location) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = _field_names(_model_at(model, location[:-1]))
        likely = nearest(str(location[-1]), known, 1) or known
        return f"there is no field {location[-1]!r}{did_you_mean(str(location[-1]), likely)}"
    if kind == "missing":
        return f"the field {location[-1]!r} is missing"
    if kind == "literal_error":
        return f"{_found(item)} is none of {context['expected']}"
    if kind == "string_type":
        return f"{_found(item)} is not text; write it in quotes"
    if kind == "string_pattern_mismatch":
        return f"{_found(item)} does not look as it must: {context['pattern']}"
    if kind == "value_error":
        return str(context["error"])
    return f"{item['msg']}; found {_found(item)}"


def _found(item: Any) -> str:
    return shown(item["input"]) if isinstance(item["input"], str) else shown_json(item["input"])


def shown_json(value: Any) -> str:
    """A value for a message, cut to what a line holds."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _field_names(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel] | None, location: Location) -> type[BaseModel] | None:
    """The model that stands at a path; keys of dicts and positions of lists pass through."""
    for part in location:
        if model is None:
            return None
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in fields:
            model = _model_in(fields[str(part)].annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as ``Annotated[list[Step], ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments: Iterable[Any] = getattr(annotation, "__args__", ())
    return next((found for item in arguments if (found := _model_in(item))), None)
