"""The studies behind the tables of the documentation: their arithmetic on what is known by hand."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.drift import Drift, apart, drifted, drifts_of
from benchmarks.finding import is_known
from benchmarks.injections import FALSE_ALARMS, table
from benchmarks.leak import BY_SIGNAL, BY_STAR, Deal, differences, folds
from benchmarks.search import transits_apart

from lightmill.search.settle import Found
from lightmill.views.signal import Signal

PLANET = Signal("b", 4.0, 2458000.0, 2.4, 1000.0)
TIME_BJD = 2458000.0 + np.arange(0, 730.0, 0.02)


def toi(period_d, epoch_bjd, name="TOI 1.01"):
    return {
        **{"signal_id": name, "period_d": period_d, "epoch_bjd": epoch_bjd, "duration_h": 2.4},
        **{"period_err_d": 1e-3, "epoch_err_d": 0.01},
    }


def test_drifts_are_in_durations():
    # Wrong by 0.001 d a period, 91.3 of them in a year, and by 0.02 d at the epoch.
    old = pd.DataFrame([toi(4.001, 2458000.02), toi(8.0, 2458000.0, "TOI 2.01"), toi(4.0, 2458000.0, "TOI 3.01")])
    new = pd.DataFrame(
        [toi(4.0, 2458400.0), toi(4.0, 2458400.0, "TOI 2.01"), toi(4.0, 2458100.0, "TOI 3.01")]
    )  # the second is twice the period, the third was not observed again
    [drift] = drifts_of(old, new)
    assert drift == pytest.approx(Drift(0.913, 0.2, 0.913, 0.1), rel=1e-3)
    listed, errors = drifted(PLANET, drift, 2458000.0)
    assert listed.period_d == pytest.approx(4.001)
    assert listed.epoch_bjd == pytest.approx(2458000.02)
    assert errors == pytest.approx((1e-3, 0.01))


def test_how_far_ephemerides_are_apart():
    later = Signal("b", 4.001, 2458000.0, 2.4)
    # 182 periods of 0.001 d, in durations of 0.1 d.
    assert apart(TIME_BJD, PLANET, later) == pytest.approx(1.82)
    assert transits_apart(TIME_BJD, PLANET, 4.001, 2458000.0) == pytest.approx(1.82)
    assert apart(TIME_BJD, PLANET, Signal("b", 4.0, 2458012.03, 2.4)) == pytest.approx(0.3)


def test_thresholds_and_shares():
    empty = [{"kind": "as it is", "height": height, "snr": np.nan, "right": False} for height in range(11)]
    planets = [
        {"kind": "planet", "height": 9.5, "snr": 8.0, "right": True},
        {"kind": "planet", "height": 8.5, "snr": 8.0, "right": True},
        {"kind": "planet", "height": 30.0, "snr": 15.0, "right": False},
        {"kind": "planet", "height": 30.0, "snr": 15.0, "right": True},
    ]
    [row] = table(pd.DataFrame([{"search": "one", **row} for row in empty + planets])).to_dict("records")
    assert row["threshold"] == pytest.approx(10 * (1 - FALSE_ALARMS))
    assert row["found"] == 0.5
    assert (row["S/N 7-9"], row["S/N 12-20"]) == (0.5, 0.5)


def test_what_is_known_is_known_at_simple_ratios_too():
    def found(period_d):
        return Found(period_d, 2458000.0, 2.0, 500.0, 9.0, 0.0, 5, ())

    assert is_known(found(4.0), [PLANET])
    assert is_known(found(8.0), [PLANET])
    assert is_known(found(6.0), [PLANET])
    assert not is_known(found(5.1), [PLANET])
    assert not is_known(found(4.0), [])


def test_folds_test_every_row_once_and_cut_no_group():
    generator = np.random.default_rng(1)
    labels, stars = (generator.random(300) < 0.3).astype(float), generator.integers(0, 120, 300)
    tested = []
    for rest, test in folds(labels, stars, Deal(4, 1)):
        assert not set(stars[rest]) & set(stars[test])
        assert labels[test].mean() == pytest.approx(0.3, abs=0.08)
        tested += test.tolist()
    assert sorted(tested) == list(range(300))
    cut = [set(stars[rest]) & set(stars[test]) for rest, test in folds(labels, np.arange(300), Deal(4, 1))]
    assert all(cut)


def test_a_leak_is_seen_in_the_stars_that_have_several_signals():
    generator = np.random.default_rng(2)
    labels = np.tile([1, 0], 200)
    honest = 1 / (1 + np.exp(-(labels - 0.5) - generator.normal(0, 1, 400)))
    several = np.arange(400) < 200
    scores = pd.DataFrame(
        {
            "signal_id": np.arange(400).astype(str),
            "star_id": np.where(several, np.arange(400) // 4, np.arange(400)).astype(str),
            "label": labels,
            BY_STAR: honest,
            # Of stars with several signals the label itself is remembered.
            BY_SIGNAL: np.where(several, 0.5 * honest + 0.5 * labels, honest),
        }
    )
    table = differences(scores).set_index(["signals", "metric"])
    assert table["n"].tolist() == [400, 400, 200, 200]
    assert (table["better"] == BY_SIGNAL).all()
    for metric in ("average_precision", "roc_auc"):
        assert table.loc[("of stars with several", metric), "value"] == 1
        assert table.loc[("all", metric), "difference"] < table.loc[("of stars with several", metric), "difference"]
