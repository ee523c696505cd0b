"""Reading a table of Kepler Objects of Interest into the signal table, against plain pandas.read_csv.

pandas only splits the lines (and cuts a row at any `#` in it). Ours tells what table it is, checks every row, converts
units, keeps rejected rows with their reasons, and labels. To be slower is expected; the question is by how much.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.records import Peer, Record, release, side_by_side
from lightmill.catalogs import CatalogTable, read_catalog
from lightmill.config.simulation import MAX_TARGETS, SimulationSettings
from lightmill.simulate import simulated_catalogs, truth_path
from lightmill.simulate.catalogs import write_catalogs


def compare(folder: Path, targets: int = MAX_TARGETS, repeats: int = 5) -> Iterator[Record]:
    settings = SimulationSettings(seed=1, folder=str(folder / "catalogs"), n_kepler=targets, n_k2=0, n_tess=0)
    path = simulated_catalogs(settings)["koi"]
    write_catalogs(settings, simulated_catalogs(settings), truth_path(settings))
    yield side_by_side(
        "catalog_koi",
        partial(read_catalog, path),
        Peer(f"{release('pandas')} read_csv", partial(pd.read_csv, path, comment="#")),
        unit="row",
        n=len(read_catalog(path).signals),
        repeats=repeats,
        difference=_apart,
        difference_in="d of period",
    )


def _apart(ours: CatalogTable, theirs: pd.DataFrame) -> float:
    period_d = theirs.assign(signal_id="KOI " + theirs["kepoi_name"]).set_index("signal_id")["koi_period"]
    signals = ours.signals.set_index("signal_id")["period_d"]
    return float(np.abs(signals - period_d.loc[signals.index]).max())
