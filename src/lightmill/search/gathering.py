"""What was found in all of a mission's stars, in one list: where periods pile up, an instrument is at work."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.figures import STYLE, save_figure
from lightmill.files import SEPARATOR, read_json, write_csv, write_text
from lightmill.logs import logger
from lightmill.search.figures import period_figure
from lightmill.search.pileups import histogram_text, period_histogram, piled

PILED = "piled_up"


def gather_found(
    found: Sequence[str | Path],
    views: Sequence[str | Path],
    light_curves: Sequence[str | Path],
    table: str | Path,
    histogram: str | Path,
    figure: str | Path,
    title: str,
) -> None:
    """Join the shards' found signals into one list, and draw and print their periods.

    Parameters
    ----------
    found : parquet files of found signals, one a shard
    views : manifests of their views, one a shard
    light_curves : manifests of the shards' light curves
    table : CSV file to write, the strongest signal first: the columns of `found`, `flags` with `piled_up` added where
        many stars have about the same period, and `views`, what became of the signal's views
    histogram : text file to write: the periods, to be printed
    figure : PNG file to write: the same
    title : stands above the figure
    """
    signals = pd.concat([pd.read_parquet(path) for path in sorted(found)], ignore_index=True)
    period_d = signals["period_d"].to_numpy(np.float64)
    of_its_own = (signals["flags"] != "").to_numpy(bool)
    signals["flags"] = [
        SEPARATOR.join([*filter(None, [flags]), *([PILED] if pile else [])])
        for flags, pile in zip(signals["flags"], piled(period_d), strict=True)
    ]
    signals["views"] = signals["signal_id"].map(_outcomes(views)).fillna("")
    ordered = signals.sort_values(["snr", "signal_id"], ascending=[False, True])
    write_csv(table, ordered.drop(columns=["linked", "ephemeris"]))
    counted = period_histogram(period_d, of_its_own)
    text = histogram_text(counted)
    write_text(histogram, text)
    save_figure(figure, period_figure(counted, title), style=STYLE)
    outcomes = pd.concat([pd.read_parquet(path, columns=["outcome"]) for path in sorted(light_curves)])["outcome"]
    logger.info("light curves: %s", outcomes.value_counts().to_dict())
    logger.info("%d signals on %d stars\n%s", len(signals), signals["target_id"].nunique(), text)


def _outcomes(manifests: Sequence[str | Path]) -> Mapping[str, str]:
    """What became of each signal's views."""
    return {signal: entry["outcome"] for path in manifests for signal, entry in read_json(path)["outcomes"].items()}
