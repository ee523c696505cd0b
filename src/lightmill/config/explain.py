"""What a wrong configuration is told: the key, what was expected, the nearest valid name."""

import re
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """One line per fault in `error`, which validating `model` raised; `prefix` is put before each key."""
    return "\n".join(_line(fault, model, prefix) for fault in error.errors())


def _line(fault: Any, model: type[BaseModel], prefix: str) -> str:
    places, holder = _walk(model, fault["loc"])
    key = prefix + ".".join(places)
    if fault["type"] == "extra_forbidden":
        valid = [field.alias or name for name, field in holder.model_fields.items()]
        near = get_close_matches(str(fault["loc"][-1]), valid, n=1, cutoff=0.4)
        meant = f"did you mean {near[0]!r}? " if near else ""
        return f"{key}: no such key; {meant}Valid: {', '.join(valid)}"
    if fault["type"] == "missing":
        return f"{key}: required, but not given"
    if fault["type"] == "union_tag_not_found":
        return f"{key}: required key {fault['ctx']['discriminator']} is not given: it says what the other keys may be"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "union_tag_invalid":
        named = fault["ctx"]
        switch, tag, valid_tags = named["discriminator"].strip("'"), named["tag"], named["expected_tags"]
        return f"{key}.{switch}: expected {valid_tags.replace(', ', ' or ')}, got {tag!r}{_nearest(tag, valid_tags)}"
    if fault["type"] == "string_pattern_mismatch":
        message = "expected letters, digits, _ . - and a letter or digit first"
    # A value that does not fit others: the message names them.
    if not places or isinstance(fault["input"], dict):
        return f"{key.rstrip('.')}: {message}" if key else message
    # A password in a URL is nothing for logs.
    given = re.sub(r"://[^/@\s]*@", "://...@", str(fault["input"]))
    line = f"{key}: {message}, got {given[:80]!r}"
    if fault["type"] == "literal_error":
        line += _nearest(str(fault["input"]), fault["ctx"]["expected"])
    return line


def _nearest(given: str, expected: str) -> str:
    """The valid value nearest to one that is not, as the end of a sentence; `expected` as pydantic lists them."""
    near = get_close_matches(given, expected.replace("'", "").replace(" or ", ", ").split(", "), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _walk(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[list[str], type[BaseModel]]:
    """The keys on the way to a place, as they are written in a file, and the model that holds the last of them.

    Where a key may hold one of several models, pydantic names the chosen one in the place; no file does.
    """
    keys: list[str] = []
    choice: list[type[BaseModel]] = [model]
    for part in place:
        named = [found for found in choice if part in _tags(found)] if len(choice) > 1 else []
        if named:
            choice = named
            continue
        keys.append(str(part))
        fields = {field.alias or name: field for name, field in choice[0].model_fields.items()}
        if part in fields:
            choice = models_in(fields[str(part)].annotation) or choice
    return keys, choice[0]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """The values by which a model is told from its alternatives: those of its keys that are one of few words."""
    return tuple(value for field in model.model_fields.values() for value in get_args(field.annotation))


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models inside `Model`, `Model | None`, `One | Other`, `list[Model]` or `dict[str, Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models_in(part)]
