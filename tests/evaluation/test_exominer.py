"""ExoMiner's scores beside signals: the same dip, and no other."""

import numpy as np
import pandas as pd
import pytest
from catalogs.frames import frame, row

from lightmill.catalogs.later import read_later
from lightmill.catalogs.signals import write_signals
from lightmill.evaluation.exominer import exominer_scores

SIGNALS = pd.DataFrame(
    {
        "signal_id": ["TOI 1.01", "TOI 1.02", "TOI 2.01", "SPOC 3-1-S1"],
        "star_id": ["TIC 1", "TIC 1", "TIC 2", "TIC 3"],
        "period_d": [3.5, 11.3, 7.0, 5.0],
        "epoch_bjd": 2454970.0,
        "duration_h": 3.0,
    }
)


@pytest.fixture
def table(tmp_path):
    scored = frame(
        row("exominer", "SPOC 1-1-S1", "TIC 1", 3.5001, score=0.9),
        # Twice the period: linked elsewhere, and not the same dip.
        row("exominer", "SPOC 2-1-S1", "TIC 2", 3.5, score=0.8),
        row("exominer", "SPOC 3-1-S1", "TIC 3", 5.0, score=0.7),
        row("exominer", "SPOC 4-1-S1", "TIC 4", 3.5, score=0.6),
    )
    write_signals(tmp_path / "exominer.parquet", scored)
    return tmp_path / "exominer.parquet"


def test_scores_are_of_the_same_dip(table):
    found = exominer_scores(SIGNALS, table)
    assert found.index.tolist() == SIGNALS["signal_id"].tolist()
    np.testing.assert_array_equal(found["exominer_score"], [0.9, np.nan, np.nan, 0.7])
    assert found["exominer_signal"].tolist() == ["SPOC 1-1-S1", "", "", "SPOC 3-1-S1"]


def test_without_the_table_nothing_is_known():
    found = exominer_scores(SIGNALS, None)
    assert found["exominer_score"].isna().all()
    assert (found["exominer_signal"] == "").all()


def test_tois_of_today_have_scores(real_data, tmp_path):
    folder = real_data / "catalogs" / "tess"
    write_signals(tmp_path / "exominer.parquet", read_later(folder.glob("exominer_vetting_*.csv")))
    tois = read_later(folder.glob("TOI_2025*.csv"))
    found = exominer_scores(tois, tmp_path / "exominer.parquet")
    scored = found["exominer_score"].notna().to_numpy()
    assert scored.sum() > 2500
    names = found["exominer_signal"][scored]
    assert names.is_unique
    # Its name says of which star it is.
    star = "TIC " + names.str.extract(r"SPOC (\d+)-")[0].to_numpy()
    assert (star == tois["target_id"][scored].to_numpy()).all()
    by = tois[scored].assign(score=found["exominer_score"][scored].to_numpy()).groupby("disposition")["score"].median()
    assert by["CP"] > by["FP"]
