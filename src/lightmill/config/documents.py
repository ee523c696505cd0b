"""The configuration written out for people and editors: its JSON schema, and a table of every key."""

import json
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

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
        inner, step = _section_in(field.annotation)
        default = field.get_default(call_default_factory=True) if defaults is None else getattr(defaults, name)
        rows.append((key, _shown(default, inner), _cell(field.description or "")))
        if inner is not None:
            rows += _rows(inner, key + step, default if isinstance(default, BaseModel) else None)
    return rows


def _section_in(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The section that a key holds, and what stands between the key and the section's own keys."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, "."
    step = ".<name>." if get_origin(annotation) is dict else "."
    for part in get_args(annotation):
        section, _ = _section_in(part)
        if section is not None:
            return section, step
    return None, step


def _shown(default: Any, section: type[BaseModel] | None) -> str:
    if default is PydanticUndefined:
        return "required"
    if section is not None:
        return ""
    if isinstance(default, tuple):
        default = list(default)
    return f"`{_cell(json.dumps(default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
