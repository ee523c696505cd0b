"""lightkurve as a peer: loaded once, without its complaints about what is not installed."""

import warnings
from pathlib import Path
from typing import Any

from benchmarks.records import release

LIGHTKURVE = release("lightkurve")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lightkurve


def read_fits(path: Path) -> Any:
    """One file as lightkurve reads it: all cadences that have a time, whatever their quality, as our reader does."""
    return lightkurve.read(path, quality_bitmask="none")


def read_good(path: Path) -> Any:
    """One file without the cadences that lightkurve leaves out unless told otherwise."""
    return lightkurve.read(path, quality_bitmask="default")


def join(segments: list[Any], normalised: bool) -> Any:
    """The light curves of a star's segments in one, each divided by its median if `normalised`."""
    collection = lightkurve.LightCurveCollection(segments)
    return collection.stitch() if normalised else collection.stitch(corrector_func=None)
