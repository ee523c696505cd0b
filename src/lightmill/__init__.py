"""Finding planets in starlight by machine: the library under the lightmill pipeline."""

__version__ = "0.1.0"
