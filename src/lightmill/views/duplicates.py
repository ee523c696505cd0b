"""Rows that stand twice in a set of views, as they are or mirrored in time."""

from hashlib import blake2b

import numpy as np
import pandas as pd


def reject_duplicates(views: dict[str, np.ndarray], signals: pd.DataFrame, reasons: np.ndarray) -> None:
    """Of rows with the same views, as they are or mirrored in time, keep the first, or none if they disagree.

    Parameters
    ----------
    views
        By name, (n, bins).
    signals
        n rows, with `signal_id`, `target_id` and `disposition`.
    reasons
        (n,) object: why a row is left out, else empty; filled in here for rows that stand twice.
    """
    good = np.flatnonzero(reasons == "")
    arrays = [views[view][good] for view in sorted(views)]
    forward, backward = _digests(arrays), _digests([array[:, ::-1] for array in arrays])
    places: dict[bytes, list[int]] = {}
    for place, (there, back) in enumerate(zip(forward, backward, strict=True)):
        places.setdefault(min(there, back), []).append(place)
    for same in places.values():
        if len(same) == 1:
            continue
        rows = signals.iloc[good[same]]
        ids = ", ".join(rows["signal_id"])
        if rows["target_id"].nunique() > 1 or rows["disposition"].nunique() > 1:
            reasons[good[same]] = f"the same views with different stars or dispositions: {ids}"
            continue
        for place in same[1:]:
            mirrored = " mirrored in time" if forward[place] != forward[same[0]] else ""
            reasons[good[place]] = f"the views of {rows['signal_id'].iloc[0]}{mirrored}"


def _digests(arrays: list[np.ndarray]) -> list[bytes]:
    """One digest for each row of the arrays together."""
    digests = []
    for row in range(len(arrays[0])):
        summary = blake2b(digest_size=16)
        for array in arrays:
            # Adding 0 makes -0 and 0 the same bytes.
            summary.update((array[row] + np.float32(0)).tobytes())
        digests.append(summary.digest())
    return digests
