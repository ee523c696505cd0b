"""Ephemerides with gaps, completed from other rows of the same signal."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.matching import SIGMAS, better_period, half_duration_d
from lightmill.catalogs.merging import PRECEDENCE, Pairs, ephemeris_arrays
from lightmill.catalogs.signals import (
    DURATION_EXCEEDS_PERIOD,
    EPHEMERIS_FROM,
    LOW_PRECISION_EPHEMERIS,
    WAITING_FOR_SEARCH,
)
from lightmill.files import SEPARATOR

# The middle of each mission's observations (BJD_TDB): where an epoch taken from elsewhere has to arrive.
_MIDDLE_BJD: dict[str, float] = {"Kepler": 2455688.0, "K2": 2457604.0, "TESS": 2459600.0}


def complete_ephemerides(rows: pd.DataFrame, kept: NDArray[np.bool_], pairs: Pairs) -> pd.DataFrame:
    """Kept rows without epoch or duration, with those of a matching row of the same star.

    A row of the same target gives before one of another mission, a better table before a worse one. An epoch brings
    the better of the two periods along, and is taken only if that carries it to the row's own mission with three
    errors within half a duration: ten years of a rough period would only point at the wrong hour. Epochs rounded to
    three decimals (ExoMiner's) are never taken. What was taken is flagged `ephemeris_from:<signal_id>`.

    Parameters
    ----------
    rows
        (n,) rows in the order of precedence.
    kept
        (n,) which rows stand for their signals.
    pairs
        The pairs of rows that are one signal (`linking.of_one_signal`).
    """
    known = np.stack(ephemeris_arrays(rows), axis=1)
    filled = known.copy()
    epoch, duration = known[:, 1], known[:, 2]
    needy = kept & (known[:, 0] > 0) & (np.isnan(epoch) | np.isnan(duration))
    rough = rows["flags"].str.contains(LOW_PRECISION_EPHEMERIS, regex=False).to_numpy(bool)
    signal_id, mission = rows["signal_id"].tolist(), rows["mission"].tolist()
    flags = rows["flags"].tolist()
    for row, others in _donors(rows, pairs, needy).items():
        givers = []
        with_duration = [other for other in others if not np.isnan(duration[other])]
        if np.isnan(duration[row]) and with_duration:
            givers.append(with_duration[0])
            filled[row, 2] = duration[with_duration[0]]
        with_epoch = [other for other in others if not (np.isnan(epoch[other]) or rough[other])]
        arriving = [other for other in with_epoch if _arrives(filled[row], known[other], _MIDDLE_BJD[mission[row]])]
        if np.isnan(epoch[row]) and arriving:
            givers.append(arriving[0])
            filled[row, [1, 4]] = known[arriving[0], [1, 4]]
            if better_period(*filled[row, [0, 3]], *known[arriving[0], [0, 3]])[0] != filled[row, 0]:
                filled[row, [0, 3]] = known[arriving[0], [0, 3]]
        flags[row] = _new_flags(flags[row], filled[row], [signal_id[giver] for giver in givers])
    columns = ("period_d", "epoch_bjd", "duration_h", "period_err_d", "epoch_err_d")
    return rows.assign(**dict(zip(columns, filled.T.copy(), strict=True)), flags=flags)


def _donors(rows: pd.DataFrame, pairs: Pairs, needy: NDArray[np.bool_]) -> dict[int, list[int]]:
    """For every needy row the rows of the same signal, the best first."""
    takers, givers = np.concatenate([pairs.a, pairs.b]), np.concatenate([pairs.b, pairs.a])
    wanted = needy[takers]
    takers, givers = takers[wanted], givers[wanted]
    target = rows["target_id"].to_numpy()
    rank = rows["table"].map(PRECEDENCE).to_numpy()
    order = np.lexsort((givers, rank[givers], target[takers] != target[givers], takers))
    donors: dict[int, list[int]] = {}
    for taker, giver in zip(takers[order].tolist(), givers[order].tolist(), strict=True):
        donors.setdefault(taker, []).append(giver)
    return donors


def _arrives(row: NDArray[np.float64], giver: NDArray[np.float64], middle_bjd: float) -> bool:
    """Whether the giver's epoch, carried to the middle of the row's mission, has three errors within half a duration.

    One error within it would leave a transit outside its own view's dip one time in three.
    """
    period, error = better_period(row[0], row[3], giver[0], giver[3])
    drift = np.abs((middle_bjd - giver[1]) / period) * error
    arrival = np.hypot(drift, np.nan_to_num(giver[4]))
    return bool(SIGMAS * arrival <= half_duration_d(period, row[2], giver[2]))


def _new_flags(flags: str, ephemeris: NDArray[np.float64], sources: list[str]) -> str:
    marks = {*flags.split(SEPARATOR), *(EPHEMERIS_FROM + source for source in sources)}
    period, epoch, duration = ephemeris[:3]
    if not (np.isnan(epoch) or np.isnan(duration)):
        marks.discard(WAITING_FOR_SEARCH)
    if duration > period * 24:
        marks.add(DURATION_EXCEEDS_PERIOD)
    return SEPARATOR.join(sorted(marks - {""}))
