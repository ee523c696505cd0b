"""The configuration written out for people and editors: its JSON schema, and a table of every key."""

import json
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lightmill.config.explain import models_in
from lightmill.config.model import Config

_INTRODUCTION = """# Configuration

Every key, what it means, and its default. A run names only what differs. Paths are relative to the working directory;
`${NAME:-default}` in any text is replaced by the environment variable `NAME`, or by the default where it is not set.
`configs/schema.json` is the same for editors. This page is written by `make docs`.

| key | default | meaning |
| --- | --- | --- |
"""


def config_schema() -> str:
    """The JSON schema of the configuration, as the text of `configs/schema.json`."""
    return json.dumps(Config.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"


def config_table() -> str:
    """A Markdown page with one row per key, as the text of `docs/config.md`."""
    rows = [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _rows(Config, "")]
    return _INTRODUCTION + "\n".join(rows) + "\n"


def _rows(model: type[BaseModel], prefix: str, defaults: BaseModel | None = None) -> list[tuple[str, str, str]]:
    """Rows for the keys of a section; `defaults` is the section as it is where the configuration leaves it out."""
    rows = []
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        inner = models_in(field.annotation)
        default = field.get_default(call_default_factory=True) if defaults is None else getattr(defaults, name)
        rows.append((key, _shown(default, bool(inner)), _cell(field.description or "")))
        if inner:
            below = key + (".<name>." if get_origin(field.annotation) is dict else ".")
            rows += _rows_of_any(inner, below, default if isinstance(default, BaseModel) else None)
    return rows


def _rows_of_any(models: list[type[BaseModel]], prefix: str, defaults: BaseModel | None) -> list[tuple[str, str, str]]:
    """Rows for the keys of one section, or of several of which a file chooses one: then with the choices they are for.

    What a file chooses by has one row with all its values.
    """
    if len(models) == 1:
        return _rows(models[0], prefix, defaults)
    switch = next(name for name, field in models[0].model_fields.items() if get_origin(field.annotation) is Literal)
    choices: dict[tuple[str, str, str], list[str]] = {}
    for model in models:
        (choice,) = get_args(model.model_fields[switch].annotation)
        for row in _rows(model, prefix):
            choices.setdefault(row, []).append(f"`{choice}`")
    return [
        (key, default, meaning if len(named) == len(models) else f"{', '.join(named)}: {meaning}")
        for (key, default, meaning), named in choices.items()
    ]


def _shown(default: Any, is_section: bool) -> str:
    if default is PydanticUndefined:
        return "required"
    if is_section:
        return ""
    if isinstance(default, tuple):
        default = list(default)
    return f"`{_cell(json.dumps(default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
