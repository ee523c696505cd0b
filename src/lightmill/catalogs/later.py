"""What other, later tables list of the same dips: signals of one list matched with the rows of others.

Nothing here is merged or labelled. A signal gets the one row that stands for it, or the reason why none does.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.crosswalk import star_ids
from lightmill.catalogs.identify import identify_table, newest
from lightmill.catalogs.merging import PRECEDENCE, closest_first, in_precedence, pairs_on_one_star
from lightmill.catalogs.reading import read_catalog, require_signals
from lightmill.logs import logger

_EPHEMERIS = ["period_d", "epoch_bjd", "duration_h", "period_err_d", "epoch_err_d"]


def read_later(paths: Iterable[str | Path]) -> pd.DataFrame:
    """The rows of catalog files as one signal table, better tables first; of snapshots of one table the newest counts.

    Of an id that two tables have (a TOI in both its lists) the row of the better one is kept. Dispositions lose what
    the Archive adds in brackets (`FALSE POSITIVE [CANDIDATE]`); `star_id` is by the crosswalk.

    Raises CatalogError if a file is no table that is known, or none of its rows can be read.
    """
    by_table: dict[str, list[str]] = {}
    for path in sorted(map(str, paths)):
        by_table.setdefault(identify_table(path).table, []).append(path)
    read = []
    for files in by_table.values():
        catalog = read_catalog(newest(files))
        require_signals(catalog)
        if len(catalog.rejected):
            first = catalog.rejected.iloc[0]
            logger.warning(
                "%s: %d rows rejected, the first (line %s) because: %s; what they list counts as not listed",
                catalog.info.path,
                len(catalog.rejected),
                first["line"],
                first["reason"],
            )
        read.append(catalog.signals)
    rows = in_precedence(pd.concat(read, ignore_index=True)).drop_duplicates("signal_id", ignore_index=True)
    return rows.assign(
        star_id=star_ids(rows["target_id"]), disposition=rows["disposition"].str.split(" [", n=1, regex=False).str[0]
    )


def match_later(
    signals: pd.DataFrame, later: pd.DataFrame, *, repeats: bool
) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """The row of `later` that is each signal, and how that is known.

    Parameters
    ----------
    signals
        (n,) rows with `signal_id`, `star_id`, `period_d`, `epoch_bjd`, `duration_h` and, where known, `period_err_d`
        and `epoch_err_d`; NaN for unknown numbers.
    later
        (m,) rows as `read_later` gives them: the same columns, and `table`.
    repeats
        Whether `signals` may list one dip more than once, as searches of single sectors do. Where they do not, a row
        of `later` stands for the closest signal alone: what else has its ephemeris is what was left of it.

    Returns
    -------
    row
        (n,) position in `later`, -1 where there is none. A row of the same id comes first, then those on one star
        whose ephemeris is the `same` (`match_ephemerides`), of the better table, then the closest.
    how
        (n,) text: `id` and `ephemeris` have a row; `taken` would have one that stands for a closer signal;
        `harmonic` has one of half, twice, a third of or three times its period, which is another question's answer;
        `absent` has none on its star; of `no_period` nobody can tell.
    """
    columns = ["signal_id", "star_id", *_EPHEMERIS]
    both = [table.reindex(columns=columns).astype(dict.fromkeys(_EPHEMERIS, float)) for table in (later, signals)]
    rows = pd.concat(both, ignore_index=True)
    pairs = pairs_on_one_star(rows)
    between = (pairs.a < len(later)) & (pairs.b >= len(later))
    same, harmonic = between & (pairs.relation == "same"), between & (pairs.relation == "alias")
    rank = later["table"].map(PRECEDENCE).to_numpy(np.intp)
    closest = sorted(closest_first(rows, pairs.a[same], pairs.b[same]), key=lambda pair: rank[pair[0]])
    of_id = pd.Series(np.arange(len(later)), later["signal_id"]).reindex(signals["signal_id"], fill_value=-1)
    how = np.where(signals["period_d"].isna(), "no_period", "absent").astype(object)
    how[pairs.b[harmonic] - len(later)] = "harmonic"
    how[pairs.b[same] - len(later)] = "taken"
    row = of_id.to_numpy(np.intp, copy=True)
    how[row >= 0] = "id"
    used = set(row[row >= 0].tolist())
    for there, here in closest:
        place = here - len(later)
        if row[place] < 0 and (repeats or there not in used):
            row[place], how[place] = there, "ephemeris"
            used.add(there)
    return row, how
