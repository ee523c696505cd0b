"""Real planets, by the numbers a vetter reads: no alternation, U-shaped, on target, and one faint secondary eclipse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightmill.config.views import ViewSettings
from lightmill.lightcurves.files import read_light_curve_files
from lightmill.targets import BKJD_ZERO_BJD
from lightmill.views.flatten import flatten_for_views
from lightmill.views.making import SignalViews, make_views
from lightmill.views.signal import Signal

STARS = {10666592: "HAT-P-7", 8644288: "Kepler-18", 6462863: "Kepler-89"}
VIEWS = ViewSettings()


@pytest.fixture(scope="module")
def planets(real_data: Path) -> dict[str, SignalViews]:
    """The views of all planets of three Kepler stars, by name."""
    table = pd.read_csv(real_data / "catalogs/kepler/cumulative_2025.10.04_11.29.34.csv", skiprows=53)
    made = {}
    for star in STARS:
        (folder,) = (real_data / "archive/missions/kepler/lightcurves").glob(f"*/{star:09d}")
        light_curve = read_light_curve_files(sorted(folder.glob("*_llc.fits")))
        signals = [
            Signal(row.kepler_name, row.koi_period, row.koi_time0bk + BKJD_ZERO_BJD, row.koi_duration, row.koi_depth)
            for row in table[table["kepid"] == star].itertuples()
        ]
        flat = flatten_for_views(light_curve, signals, VIEWS)
        for signal in signals:
            made[signal.signal_id] = make_views(flat, signal, signals, VIEWS)[1]
    return made


def numbers(planets: dict[str, SignalViews]) -> pd.DataFrame:
    return pd.DataFrame({name: views.numbers for name, views in planets.items()}).T


def test_every_view_is_there_and_finite(planets: dict[str, SignalViews]) -> None:
    assert len(planets) == 8
    for name, views in planets.items():
        assert all(views.present.values()), name
        assert all(np.isfinite(array).all() for array in views.arrays.values()), name


def test_the_secondary_eclipse_of_hat_p_7_b_is_seventy_ppm_deep(planets: dict[str, SignalViews]) -> None:
    # 71.85 +- 0.23 ppm (Esteves, De Mooij and Jayawardhana 2015, ApJ 804, 150), half a period after the transit.
    hat_p_7 = planets["Kepler-2 b"].numbers
    assert hat_p_7["secondary_phase"] == 0.5
    assert hat_p_7["secondary_depth_ppm"] == pytest.approx(71.85, rel=0.1)
    assert hat_p_7["secondary_snr"] > 7
    view = planets["Kepler-2 b"].arrays["secondary"] * hat_p_7["scale_local"] * 1e6
    assert view[90:111].mean() - np.median(view[40:80]) == pytest.approx(-70, abs=12)
    # Of the others nothing is seen.
    assert numbers(planets).drop("Kepler-2 b")["secondary_snr"].abs().max() < 4


def test_planets_do_not_alternate(planets: dict[str, SignalViews]) -> None:
    found = numbers(planets)
    assert found["odd_even_sigma"].max() < 3
    certain = found[found["snr"] > 300]
    assert len(certain) >= 5
    assert (certain["odd_depth_ppm"] / certain["even_depth_ppm"] - 1).abs().max() < 0.04


def test_planets_are_u_shaped_and_on_target(planets: dict[str, SignalViews]) -> None:
    found = numbers(planets)
    certain = found[found["snr"] > 100]
    assert certain["shape"].min() > 0.5
    # The light's middle is drawn towards neighbours and away from the edge of the aperture: less than a quarter pixel.
    assert certain["centroid_offset_arcsec"].max() < 1.0
    assert found["transit_depth_scatter_sigma"].max() < 10
