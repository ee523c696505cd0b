"""A target's light curve from the files of its segments."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.lightcurve import COLUMNS, STAR, LightCurve
from lightmill.lightcurves.reader import SegmentRows


def one_per_segment(
    parts: Sequence[SegmentRows], priority: Sequence[str] = ()
) -> tuple[list[SegmentRows], list[SegmentRows]]:
    """Keep one file of each quarter, campaign or sector, sorted by its number; return the kept and the left out.

    Of several that of the author stays who stands first in `priority` (one who is not in it comes last), then that of
    the latest data release, then the last name: a file delivered again replaces the older one.
    """
    ranks = {author: rank for rank, author in reversed(list(enumerate(priority)))}

    def order(part: SegmentRows) -> tuple[int, int, int, str]:
        segment = part.segment
        return segment.number, -ranks.get(segment.author, len(priority)), segment.data_release, segment.file

    best_last = sorted(parts, key=order)
    kept = {part.segment.number: part for part in best_last}
    return list(kept.values()), [part for part in best_last if kept[part.segment.number] is not part]


def join_segments(target_id: str, parts: Sequence[SegmentRows]) -> LightCurve:
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
    if not (columns["time_bjd"][1:] > columns["time_bjd"][:-1]).all():
        columns = _sorted_by_time(columns, parts)
    if not np.isfinite(columns["pdcsap_flux"]).any():
        first, more = parts[0].segment.file, len(parts) - 1
        files_text = f"{first} and {more} more" if more else first
        raise LightCurveError(
            f"{files_text}: no finite PDCSAP_FLUX in {sum(lengths)} cadences, expected some; other segments may have it"
        )
    return LightCurve(
        target_id=target_id, segments=tuple(part.segment for part in parts), **columns, **_newest_star(parts)
    )


def _sorted_by_time(columns: dict[str, Any], parts: Sequence[SegmentRows]) -> dict[str, Any]:
    """Columns of parts one after the other, sorted; LightCurveError if two cadences share a time."""
    order = np.argsort(columns["time_bjd"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    twice = np.flatnonzero(np.diff(columns["time_bjd"]) == 0)
    if len(twice):
        files = [parts[columns["segment"][row]].segment.file for row in (twice[0], twice[0] + 1)]
        raise LightCurveError(f"{files[0]} and {files[1]}: both have a cadence at BJD {columns['time_bjd'][twice[0]]}")
    return columns


def split_segments(light_curve: LightCurve) -> list[SegmentRows]:
    """The parts that a light curve was joined from, in the order of its segments.

    What `join_segments` makes of them, alone or followed by further parts, is bit for bit what it makes of the files'
    own: a new sector is joined to what is stored without the old files.
    """
    columns = {name: getattr(light_curve, name) for name in COLUMNS if name != "segment"}
    # Stable, so that rows of a segment keep their order.
    order = np.argsort(light_curve.segment, kind="stable")
    ends = np.cumsum(np.bincount(light_curve.segment, minlength=len(light_curve.segments)))
    rows = np.split(order, ends[:-1])
    return [
        SegmentRows(segment, {name: column[mine] for name, column in columns.items()})
        for segment, mine in zip(light_curve.segments, rows, strict=True)
    ]


def _newest_star(parts: Sequence[SegmentRows]) -> dict[str, Any]:
    newest_first = [part.star for part in sorted(parts, key=lambda part: part.segment.number, reverse=True)]
    return {
        name: next((star[name] for star in newest_first if not np.isnan(star[name])), float("nan")) for name in STAR
    }
