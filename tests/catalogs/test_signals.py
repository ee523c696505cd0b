import numpy as np
import pandas as pd
import pytest

from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.signals import COLUMNS, empty_signals, read_signals, validate_signals, write_signals
from lightmill.errors import CatalogError


@pytest.fixture
def signals(table):
    return read_catalog(table("koi", {}, {"kepoi_name": "K00001.01", "kepid": "11446443"})).signals


def test_sorted_and_in_order(signals):
    shuffled = signals.iloc[::-1][sorted(COLUMNS)]
    tidy = validate_signals(shuffled)
    assert list(tidy) == list(COLUMNS)
    assert list(tidy["signal_id"]) == ["KOI K00001.01", "KOI K00752.01"]
    pd.testing.assert_frame_equal(tidy, signals)


def test_what_is_written_comes_back(signals, tmp_path):
    write_signals(tmp_path / "a.parquet", signals)
    write_signals(tmp_path / "b.parquet", signals.iloc[::-1])
    pd.testing.assert_frame_equal(read_signals(tmp_path / "a.parquet"), signals)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_empty_table_fits(tmp_path):
    write_signals(tmp_path / "empty.parquet", empty_signals())
    assert read_signals(tmp_path / "empty.parquet").dtypes.to_dict() == empty_signals().dtypes.to_dict()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("epoch_bjd", 170.5, "KOI K00752.01: epoch_bjd '170.5'"),
        ("period_d", -1.0, "KOI K00752.01: period_d '-1.0'"),
        ("period_d", np.inf, "period_d 'inf'"),
        ("duration_h", 0.0, "duration_h '0.0'"),
        ("label", "maybe", "label 'maybe'"),
        ("split", "dev", "split 'dev'"),
        ("target_id", "KIC ../../x", "target_id"),
        ("mission", "TESS", "target_id is of the row's mission"),
        ("signal_id", "KOI K00001.01", "signal_id 'KOI K00001.01'"),
        ("disposition", None, "disposition"),
    ],
)
def test_what_does_not_fit_is_named(signals, column, value, message):
    broken = signals.copy()
    broken.loc[1, column] = value
    with pytest.raises(CatalogError, match=message):
        validate_signals(broken)


def test_columns_too_many_or_too_few(signals):
    with pytest.raises(CatalogError, match="lacks period_d and has unknown koi_score"):
        validate_signals(signals.rename(columns={"period_d": "koi_score"}))


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(CatalogError, match=r"x.parquet: not a readable signal table"):
        read_signals(tmp_path / "x.parquet")
