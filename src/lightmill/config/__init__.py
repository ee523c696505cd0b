"""The configuration: one pydantic model, with a description and a default for every key."""

from lightmill.config.model import Config, load_config, parse_config

__all__ = ["Config", "load_config", "parse_config"]
