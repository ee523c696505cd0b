"""Reading a star back from the store, its digest checked, against lightkurve reading and stitching its FITS files.

This is what a star costs the second time: the store pays back what `fits` costs once. lightkurve has no store of its
own, so its user reads the FITS files again.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import LIGHTKURVE, join, read_fits
from benchmarks.records import Peer, Record, side_by_side
from benchmarks.survey import ObservedStar, observed_stars
from lightmill.lightcurves import LightCurve, read_stored


def compare(folder: Path, stars: int = 1, repeats: int = 5) -> Iterator[Record]:
    for mission, at_least in (("Kepler", stars), ("TESS", 8 * stars)):
        observed = observed_stars(folder, mission, at_least)
        yield side_by_side(
            f"store_{mission.lower()}",
            partial(_ours, observed),
            Peer(f"{LIGHTKURVE} read, stitch", partial(_theirs, observed)),
            unit="star",
            n=len(observed),
            repeats=repeats,
            difference=_apart,
            difference_in="electrons/s of PDCSAP flux",
        )


def _ours(stars: list[ObservedStar]) -> list[LightCurve]:
    return [read_stored(star.store, star.target_id) for star in stars]


def _theirs(stars: list[ObservedStar]) -> list[Any]:
    return [join([read_fits(star.archive / name) for name in star.files], normalised=False) for star in stars]


def _apart(ours: list[LightCurve], theirs: list[Any]) -> float:
    return max(
        np.nanmax(np.abs(curve.pdcsap_flux - np.asarray(stitched.pdcsap_flux.value)))
        for curve, stitched in zip(ours, theirs, strict=True)
    )
