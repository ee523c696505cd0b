"""What a wrong configuration is told: the key, what was expected, the nearest valid name."""

import re
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """One line per fault in `error`, which validating `model` raised; `prefix` is put before each key."""
    return "\n".join(_line(fault, model, prefix) for fault in error.errors())


def _line(fault: Any, model: type[BaseModel], prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        valid = _keys_at(model, fault["loc"][:-1])
        near = get_close_matches(str(fault["loc"][-1]), valid, n=1, cutoff=0.4)
        meant = f"did you mean {near[0]!r}? " if near else ""
        return f"{key}: no such key; {meant}Valid: {', '.join(valid)}"
    if fault["type"] == "missing":
        return f"{key}: required, but not given"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "string_pattern_mismatch":
        message = "expected letters, digits, _ . - and a letter or digit first"
    if not key:
        return message
    # A password in a URL is nothing for logs.
    given = re.sub(r"://[^/@\s]*@", "://...@", str(fault["input"]))
    line = f"{key}: {message}, got {given[:80]!r}"
    if fault["type"] == "literal_error":
        near = get_close_matches(
            str(fault["input"]), fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "), n=1
        )
        line += f"; did you mean {near[0]!r}?" if near else ""
    return line


def _keys_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that the model accepts at `place`, as they are written in a file."""
    for part in place:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in fields:
            model = _model_in(fields[str(part)].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None`, `list[Model]` or `dict[str, Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
