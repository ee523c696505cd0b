"""Reading one FITS light curve with all checks (checksums, identity, cadence, order) against lightkurve.read.

lightkurve checks none of these; both keep every cadence that has a time, of good quality or not.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.peers import LIGHTKURVE, read_fits
from benchmarks.records import Peer, Record, side_by_side
from benchmarks.survey import ObservedStar, observed_stars
from lightmill.lightcurves.reader import SegmentRows, read_segment


def compare(folder: Path, stars: int = 1, repeats: int = 5) -> Iterator[Record]:
    for mission, unit, at_least in (("Kepler", "quarter", stars), ("TESS", "sector", 8 * stars)):
        observed = observed_stars(folder, mission, at_least)
        peer = Peer(f"{LIGHTKURVE} read", partial(_theirs, observed))
        yield side_by_side(
            f"fits_{mission.lower()}",
            partial(_ours, observed),
            peer,
            unit=unit,
            n=sum(len(star.files) for star in observed),
            repeats=repeats,
            difference=_apart,
            difference_in="electrons/s of PDCSAP flux",
        )


def _ours(stars: list[ObservedStar]) -> list[SegmentRows]:
    rows = []
    for star in stars:
        for name, segment in zip(star.files, star.segments, strict=True):
            with open(star.archive / name, "rb") as file:
                rows.append(read_segment(file, name, star.target_id, segment))
    return rows


def _theirs(stars: list[ObservedStar]) -> list:
    return [read_fits(star.archive / name) for star in stars for name in star.files]


def _apart(ours: list[SegmentRows], theirs: list) -> float:
    return max(
        np.nanmax(np.abs(rows.columns["pdcsap_flux"] - np.asarray(curve.pdcsap_flux.value)))
        for rows, curve in zip(ours, theirs, strict=True)
    )
