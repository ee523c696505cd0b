"""What ExoMiner thinks of the same signals."""

from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.catalogs.crosswalk import star_ids
from lightmill.catalogs.later import match_later
from lightmill.catalogs.signals import read_signals


def exominer_scores(signals: pd.DataFrame, table: str | Path | None) -> pd.DataFrame:
    """ExoMiner's score of each signal and its name in ExoMiner's table.

    Parameters
    ----------
    signals
        (n,) rows with `signal_id`, `star_id`, `period_d`, `epoch_bjd`, `duration_h`: all that there are of their stars,
        for a row of the table goes to the closest of them alone.
    table
        The table as `read_catalog` reads it; None where a run has none.

    Returns
    -------
    By `signal_id`, `exominer_score` and `exominer_signal`: of the row that is the same dip of the same star
    (`match_later`), NaN and '' where there is none. A dip of twice the period is another one.
    """
    scores = pd.DataFrame({"exominer_score": np.nan, "exominer_signal": ""}, index=pd.Index(signals["signal_id"]))
    if table is None:
        return scores
    scored = read_signals(table)
    row, _ = match_later(signals, scored.assign(star_id=star_ids(scored["target_id"])), repeats=False)
    return scores.assign(
        exominer_score=np.append(scored["score"].to_numpy(float), np.nan)[row],
        exominer_signal=np.append(scored["signal_id"].to_numpy(object), "")[row],
    )
