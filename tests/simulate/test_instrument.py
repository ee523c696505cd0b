import numpy as np
import pytest

from lightmill.config.simulation import Instrument, SimulationSettings
from lightmill.simulate.flux import event_shapes
from lightmill.simulate.instrument import barycentric_correction_d, observe
from lightmill.simulate.survey import draw_targets

QUIET = Instrument(noise=0.0, trend_left=0.0, roll_left=0.0, dropouts_per_segment=0.0)


def observe_all(settings, target, instrument):
    for segment in target.segments:
        yield observe(settings.seed, instrument, target, segment, event_shapes(target, segment.cadence_d))


def fold_depth(columns, signal, zero_bjd):
    """Median flux inside the middle half of the transits against that just outside, relative."""
    found = signal.found
    time = columns["TIME"] + zero_bjd
    phase_h = 24 * (np.mod(time - found.epoch_bjd + found.period_d / 2, found.period_d) - found.period_d / 2)
    flux = columns["PDCSAP_FLUX"]
    inside = np.abs(phase_h) < found.duration_h / 8
    beside = (np.abs(phase_h) > 0.7 * found.duration_h) & (np.abs(phase_h) < 1.5 * found.duration_h)
    return 1 - np.nanmedian(flux[inside]) / np.nanmedian(flux[beside])


@pytest.mark.parametrize("mission", ["Kepler", "K2", "TESS"])
def test_hot_jupiters_are_as_deep_in_the_light_curve_as_the_survey_says(settings, targets, mission):
    depths = []
    for target in targets[mission]:
        if target.kind == "hot_jupiter" and target.star.spot_amplitude < 3e-3:
            for observed in observe_all(settings, target, QUIET):
                depths.append(
                    fold_depth(observed.columns, target.signals[0], observed.segment.zero_bjd)
                    / target.signals[0].found.depth
                )
    assert depths
    # A long cadence smears a short transit a little.
    assert np.nanmedian(depths) == pytest.approx(0.98, abs=0.04)


def test_sap_is_the_target_in_the_aperture_and_its_neighbours(settings, targets):
    for target in targets["Kepler"][:8]:
        for observed in observe_all(settings, target, QUIET):
            columns = observed.columns
            expected = np.nanmedian(columns["PDCSAP_FLUX"]) * observed.flfrcsap / observed.crowdsap
            assert np.nanmedian(columns["SAP_FLUX"]) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("mission", ["Kepler", "K2", "TESS"])
def test_the_scatter_is_the_error_that_the_file_states(settings, targets, mission):
    ratios = []
    for target in targets[mission][:12]:
        observed = next(observe_all(settings, target, settings.instrument))
        flux, error = observed.columns["PDCSAP_FLUX"], observed.columns["PDCSAP_FLUX_ERR"]
        # Second differences: blind to slow variation.
        second = flux[2:] - 2 * flux[1:-1] + flux[:-2]
        ratios.append(1.4826 * np.nanmedian(np.abs(second)) / np.sqrt(6) / np.nanmedian(error))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("mission", ["Kepler", "K2", "TESS"])
def test_gaps_flags_and_missing_values_agree(settings, targets, mission):
    for observed in observe_all(settings, targets[mission][3], settings.instrument):
        columns = observed.columns
        n = observed.segment.cadences
        assert all(len(column) == n for column in columns.values())
        no_time, no_sap = np.isnan(columns["TIME"]), np.isnan(columns["SAP_FLUX"])
        assert (no_sap | ~no_time).all()
        assert (columns["QUALITY"][no_time] != 0).all()
        for name in ("SAP_FLUX_ERR", "SAP_BKG", "MOM_CENTR1", "MOM_CENTR2_ERR", "POS_CORR1"):
            np.testing.assert_array_equal(np.isnan(columns[name]), no_sap)
        no_pdcsap = np.isnan(columns["PDCSAP_FLUX"])
        assert (no_pdcsap | ~no_sap).all()
        assert (columns["QUALITY"][no_pdcsap] != 0).all()
        times = columns["TIME"][~no_time]
        assert (np.diff(times) > 0).all()


def test_the_centroid_leaves_a_blended_binary_as_it_fades():
    settings = SimulationSettings(n_kepler=60, n_k2=0, n_tess=0, quarters=[3])
    checked = 0
    for target in draw_targets(settings, "Kepler"):
        signal = target.signals[0]
        if signal.kind != "blended_binary" or signal.found.snr < 60:
            continue
        for axis, name in enumerate(("MOM_CENTR1", "MOM_CENTR2")):
            if abs(signal.source.offset_px[axis]) < 0.3:
                continue
            (observed,) = observe_all(settings, target, QUIET)
            columns, found = observed.columns, signal.found
            time = columns["TIME"] + observed.segment.zero_bjd
            phase = np.mod(time - found.epoch_bjd + found.period_d / 2, found.period_d) - found.period_d / 2
            inside = np.abs(phase) * 24 < found.duration_h / 4
            # The image moves as a whole, too: that is in POS_CORR.
            place = columns[name] - columns[f"POS_CORR{axis + 1}"]
            moved = np.nanmedian(place[inside]) - np.nanmedian(place[~inside])
            assert np.sign(moved) == -np.sign(signal.source.offset_px[axis])
            checked += 1
    assert checked >= 2


def test_the_barycentre_is_ahead_towards_a_star_opposite_the_sun():
    # On 21 March the Earth is at heliocentric longitude 180 degrees: nearest to a star at RA 12 h.
    spring = np.array([2458199.0])
    assert barycentric_correction_d("TESS", spring, 180.0, 0.0)[0] * 86400 == pytest.approx(499.0, abs=3)
    assert barycentric_correction_d("TESS", spring, 0.0, 0.0)[0] * 86400 == pytest.approx(-499.0, abs=3)
    year = spring + np.arange(366)
    pole = barycentric_correction_d("TESS", year, 270.0, 66.5607)
    assert np.abs(pole).max() * 86400 < 1.0
