"""The one exception family: errors written for the person who meets them.

Every message says what was wrong, in which file, line, column or target, what was expected, and what to do.
"""


class LightmillError(Exception):
    """Base of every error that lightmill raises on purpose; its text is meant to be shown without a traceback."""


class ConfigError(LightmillError):
    """A configuration key or value is wrong."""


class CatalogError(LightmillError):
    """A catalog cannot be read, or is not a table that lightmill knows."""


class LabelError(LightmillError):
    """Labels, groups or splits contradict what they promise."""


class LightCurveError(LightmillError):
    """A light-curve file or archive cannot be used; names the file and what is missing."""


class StoreError(LightmillError):
    """The store, or the disk that it is on, cannot be written."""


class ViewError(LightmillError):
    """Views cannot be made, or sets of views do not fit each other."""


class ModelError(LightmillError):
    """A network, its weights or its training set do not fit."""


class DivergenceError(ModelError):
    """A network gave numbers that are not finite while it learned."""
