"""A target's light curve from the files of its segments."""

from typing import Any

import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.lightcurve import COLUMNS, STAR, LightCurve
from lightmill.lightcurves.reader import SegmentRows


def one_per_segment(parts: list[SegmentRows]) -> tuple[list[SegmentRows], list[SegmentRows]]:
    """Keep one file of each quarter, campaign or sector, sorted by its number; return the kept and the left out.

    Of several the latest data release stays, then the last name: a file delivered again replaces the older one.
    """
    by_age = sorted(parts, key=lambda part: (part.segment.number, part.segment.data_release, part.segment.file))
    kept = {part.segment.number: part for part in by_age}
    return list(kept.values()), [part for part in by_age if kept[part.segment.number] is not part]


def join_segments(target_id: str, parts: list[SegmentRows]) -> LightCurve:
    """Join the segments of one target into its light curve, sorted by time.

    What is known of the star comes from the newest segment that states it. Raises LightCurveError if two segments
    share a time, or if there is not one finite PDCSAP flux in all of them.
    """
    columns: dict[str, Any] = {
        name: np.concatenate([part.columns[name] for part in parts]).astype(kind, copy=False)
        for name, kind in COLUMNS.items()
        if name != "segment"
    }
    lengths = [len(part.columns["time_bjd"]) for part in parts]
    columns["segment"] = np.repeat(np.arange(len(parts), dtype=COLUMNS["segment"]), lengths)
    order = np.argsort(columns["time_bjd"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}

    twice = np.flatnonzero(np.diff(columns["time_bjd"]) == 0)
    if len(twice):
        files = [parts[columns["segment"][row]].segment.file for row in (twice[0], twice[0] + 1)]
        raise LightCurveError(f"{files[0]} and {files[1]}: both have a cadence at BJD {columns['time_bjd'][twice[0]]}")
    if not np.isfinite(columns["pdcsap_flux"]).any():
        first, more = parts[0].segment.file, len(parts) - 1
        files_text = f"{first} and {more} more" if more else first
        raise LightCurveError(f"{files_text}: no finite PDCSAP_FLUX in {len(order)} cadences")
    return LightCurve(
        target_id=target_id, segments=tuple(part.segment for part in parts), **columns, **_newest_star(parts)
    )


def _newest_star(parts: list[SegmentRows]) -> dict[str, Any]:
    newest_first = sorted(parts, key=lambda part: part.segment.number, reverse=True)
    return {
        name: next((part.star[name] for part in newest_first if not np.isnan(part.star[name])), float("nan"))
        for name in STAR
    }
