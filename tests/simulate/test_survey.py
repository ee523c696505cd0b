from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate.eclipses import Orbit
from lightmill.simulate.planets import LARGEST_PLANET_REARTH
from lightmill.simulate.signals import FEWEST_TRANSITS, PLANET_KINDS
from lightmill.simulate.survey import draw_target, draw_targets

MISSIONS = ("Kepler", "K2", "TESS")


def separation_arcsec(one, other):
    mean = np.radians((one.dec_deg + other.dec_deg) / 2)
    return 3600 * np.hypot((one.ra_deg - other.ra_deg) * np.cos(mean), one.dec_deg - other.dec_deg)


def test_a_target_is_the_same_whenever_and_wherever_it_is_drawn(settings, targets):
    for mission in MISSIONS:
        for index in (23, 5, 0):
            assert draw_target(settings, mission, index) == targets[mission][index]


def test_another_seed_is_another_survey(settings, targets):
    other = draw_target(settings.model_copy(update={"seed": 12}), "Kepler", 0)
    assert other.star != targets["Kepler"][0].star


def test_every_star_has_a_signal_that_was_observed_often_enough(targets):
    for mission in MISSIONS:
        for target in targets[mission]:
            assert target.signals, target.target_id
            for signal in target.signals:
                assert signal.found.transits >= FEWEST_TRANSITS[mission]
                assert 0 < signal.found.depth < 1
                assert 0.2 < signal.found.duration_h < 48


def test_both_kinds_are_in_every_mission(targets):
    for mission in MISSIONS:
        planets = sum(target.signals[0].planet for target in targets[mission])
        assert 0.25 < planets / len(targets[mission]) < 0.65
        assert len({target.kind for target in targets[mission]}) >= 6


def test_planets_have_the_sizes_of_planets(targets):
    for mission in MISSIONS:
        for target in targets[mission]:
            for signal in target.signals:
                if signal.kind == "planet":
                    radius = signal.source.radius_ratio * target.star.radius_rsun * 109.1
                    assert 0.3 < radius <= LARGEST_PLANET_REARTH


def test_a_contaminated_star_has_the_period_and_phase_of_the_binary_near_by():
    settings = SimulationSettings(n_kepler=300, n_k2=0, n_tess=0)
    targets = list(draw_targets(settings, "Kepler"))
    pairs = 0
    for parent, target in pairwise(targets):
        for signal in target.signals:
            if signal.kind == "contaminated":
                pairs += 1
                binary = parent.signals[0].source
                assert parent.kind == "eclipsing_binary"
                assert (signal.source.period_d, signal.source.epoch_bjd) == (binary.period_d, binary.epoch_bjd)
                assert 10 < separation_arcsec(parent.star, target.star) < 1200
                assert signal.found.depth < parent.signals[0].found.depth
    assert pairs >= 5


def test_tess_sees_some_kepler_stars_again(settings, targets):
    by_id = {target.target_id: target for target in targets["Kepler"]}
    twins = [target for target in targets["TESS"] if target.twin]
    assert len(twins) == round(settings.overlap * settings.n_tess)
    for twin in twins:
        first = by_id[twin.twin]
        assert twin.star == first.star
        assert {signal.source for signal in twin.signals} <= {signal.source for signal in first.signals}
        assert twin.segments[0].number == 15


def test_no_kepler_no_twins():
    settings = SimulationSettings(n_kepler=0, n_k2=0, n_tess=10, overlap=0.5)
    assert not any(target.twin for target in draw_targets(settings, "TESS"))


def test_how_often_a_star_was_observed_does_not_tell_what_it_is():
    settings = SimulationSettings(n_kepler=600, n_k2=0, n_tess=600, overlap=0.0)
    for mission in ("Kepler", "TESS"):
        drawn = list(draw_targets(settings, mission))
        segments = np.array([len(target.segments) for target in drawn])
        planets = np.array([target.kind in PLANET_KINDS for target in drawn])
        assert roc_auc_score(planets, segments) == pytest.approx(0.5, abs=0.06)
        missing = np.array([target.missing for target in drawn])
        assert missing.sum() == round(0.01 * 600)


def test_stars_of_module_three_lose_it():
    settings = SimulationSettings(n_kepler=400, n_k2=0, n_tess=0, quarters=[3, 4, 5, 6, 7, 8])
    lost = [target for target in draw_targets(settings, "Kepler") if target.module == 23]
    assert lost
    for target in lost:
        by_number = {segment.number: segment for segment in target.segments}
        assert 8 not in by_number
        assert by_number[4].stamp == "2010009091648"


def test_binaries_are_listed_at_wrong_periods_too():
    settings = SimulationSettings(n_kepler=400, n_k2=0, n_tess=0)
    factors = []
    for target in draw_targets(settings, "Kepler"):
        for signal in target.signals:
            if isinstance(signal.source, Orbit) and "binary" in signal.kind:
                factors.append(signal.found.period_d / signal.source.period_d)
    for factor, least in ((0.5, 0.08), (1.0, 0.5), (2.0, 0.03)):
        assert np.mean(np.isclose(factors, factor)) > least


@pytest.mark.parametrize("mission", MISSIONS)
def test_period_depth_and_duration_alone_tell_little(mission):
    settings = SimulationSettings(n_kepler=500, n_k2=500, n_tess=500, overlap=0.0)
    found = [signal for target in draw_targets(settings, mission) for signal in target.signals]
    scalars = np.log10([[s.found.period_d, s.found.depth, s.found.duration_h] for s in found])
    planets = np.array([signal.planet for signal in found])
    trees = GradientBoostingClassifier(n_estimators=60, max_depth=3, subsample=0.7, random_state=0)
    scores = cross_val_predict(trees, scalars, planets, cv=5, method="predict_proba")[:, 1]
    assert roc_auc_score(planets, scores) < 0.79


def test_a_survey_of_one_star_can_be_drawn():
    settings = SimulationSettings(n_kepler=1, n_k2=1, n_tess=1)
    for mission in MISSIONS:
        (target,) = draw_targets(settings, mission)
        assert target.signals


def test_targets_are_values(targets):
    target = targets["Kepler"][0]
    assert replace(target) == target
    assert hash(target.signals[0].source) == hash(replace(target.signals[0].source))
