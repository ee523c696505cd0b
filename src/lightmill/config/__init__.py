"""The configuration: one pydantic model, with a description and a default for every key."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Config": "model",
        "load_config": "model",
        "parse_config": "model",
    },
)
