import time

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from lightmill.catalogs.groups import chord, group_stars, same_eclipses, same_place, unit_vectors

ARCSEC = 1 / 3600


def pairs_of(found):
    return {tuple(pair) for pair in found.tolist()}


def test_chords_agree_with_astropy():
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 50), np.degrees(np.arcsin(rng.uniform(-1, 1, 50)))
    sky = SkyCoord(ra * u.deg, dec * u.deg)
    apart = sky[:-1].separation(sky[1:]).to_value(u.arcsec)
    straight = np.linalg.norm(np.diff(unit_vectors(ra, dec), axis=0), axis=1)
    assert straight == pytest.approx([chord(angle) for angle in apart])


@pytest.mark.parametrize(
    ("missions", "arcsec", "joined"),
    [
        (("Kepler", "TESS"), 4.9, True),
        (("Kepler", "TESS"), 5.1, False),
        (("Kepler", "Kepler"), 1.9, True),
        (("Kepler", "Kepler"), 2.1, False),
    ],
)
@pytest.mark.parametrize("place", [(290.0, 44.0), (0.0, 89.9999), (359.9999, -30.0)])
def test_one_place(missions, arcsec, joined, place):
    ra, dec = place
    assert pairs_of(same_place(missions, [ra, ra], [dec, dec - arcsec * ARCSEC])) == ({(0, 1)} if joined else set())


def test_places_meet_across_zero_hours():
    found = same_place(["Kepler", "TESS"], [359.9999, 0.0001], [0.0, 0.0])  # 0.72"
    assert pairs_of(found) == {(0, 1)}


def test_targets_without_a_place_are_in_no_pair():
    assert len(same_place(["Kepler", "TESS"], [np.nan, np.nan], [1.0, 1.0])) == 0
    assert len(same_place([], [], [])) == 0


def eclipses(mission="Kepler", arcmin=10.0, ratio=1.0, phase_h=0.0, errors=(0.0, 0.0)):
    return pairs_of(
        same_eclipses(
            [mission, mission],
            [290.0, 290.0],
            [44.0, 44.0 + arcmin / 60],
            [2.0, 2.0 * ratio],
            [2454970.0, 2454970.0 + 8 + phase_h / 24],
            [4.0, 4.0],
            list(errors),
            [0.0, 0.0],
        )
    )


JOINED, APART = {(0, 1)}, set()


@pytest.mark.parametrize(("arcmin", "expected"), [(19.9, JOINED), (20.1, APART)])
def test_keplers_binaries_reach_twenty_arcminutes(arcmin, expected):
    assert eclipses(arcmin=arcmin) == expected
    assert eclipses("K2", arcmin=arcmin) == expected


@pytest.mark.parametrize(("arcsec", "expected"), [(20.9, JOINED), (21.1, APART)])
def test_tess_binaries_reach_one_pixel(arcsec, expected):
    assert eclipses("TESS", arcmin=arcsec / 60) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(1 + 1.9e-5, JOINED), (1 - 1.9e-5, JOINED), (1 + 2.2e-5, APART)])
def test_periods_agree_to_two_in_a_hundred_thousand(ratio, expected):
    assert eclipses(ratio=ratio) == expected


@pytest.mark.parametrize(("phase_h", "expected"), [(1.9, JOINED), (2.1, APART), (24.0, APART)])
def test_phases_agree_within_half_a_duration(phase_h, expected):
    assert eclipses(phase_h=phase_h) == expected


def test_within_a_pixel_rough_periods_count_by_their_errors():
    near = {"mission": "TESS", "arcmin": 0.3, "ratio": 1 + 5e-4}
    assert eclipses(**near) == APART  # errors of 0 say that the periods differ
    assert eclipses(**near, errors=(0.0005, 0.0005)) == JOINED  # 3 σ of 7e-4 d: 1.1e-3 of 2 d
    assert eclipses(**near, errors=(np.nan, 0.0)) == JOINED  # unknown: 1e-3
    assert eclipses(mission="Kepler", arcmin=5, ratio=1 + 5e-4, errors=(np.nan, np.nan)) == APART


def test_signals_without_period_or_epoch_are_in_no_pair():
    none = same_eclipses(
        ["TESS"] * 2, [1.0, 1.0], [1.0, 1.0], [np.nan, 2.0], [2454970.0, np.nan], [1.0] * 2, [0.0] * 2, [0.0] * 2
    )
    assert len(none) == 0


def test_groups_are_named_after_their_first_star():
    stars = ["TIC 5", "KIC 9", "KIC 10", "KIC 9", "EPIC 3"]
    groups = group_stars(stars, [np.array([[0, 1]]), np.array([[1, 2]])])
    assert groups.tolist() == ["KIC 10", "KIC 10", "KIC 10", "KIC 10", "EPIC 3"]  # in the order of text
    assert group_stars([], []).tolist() == []


@given(
    st.lists(st.integers(0, 15), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=20),
)
def test_groups_are_the_connected_components(stars, links):
    links = [(a % len(stars), b % len(stars)) for a, b in links]
    groups = group_stars([f"KIC {star}" for star in stars], [np.array(links, np.intp).reshape(-1, 2)])
    reach = {row: {row} for row in range(len(stars))}
    changed = True
    while changed:  # the slow way: join until nothing changes
        changed = False
        for a in range(len(stars)):
            for b in range(len(stars)):
                tied = stars[a] == stars[b] or (a, b) in links or (b, a) in links
                if tied and reach[a] != reach[b]:
                    joined = reach[a] | reach[b]
                    for row in joined:
                        reach[row] = joined
                    changed = True
    for row, members in reach.items():
        assert groups[row] == min(f"KIC {stars[member]}" for member in members)


def test_fifty_thousand_signals_in_one_field_take_seconds():
    rng = np.random.default_rng(1)
    n = 50_000
    ra, dec = rng.uniform(280, 300, n), rng.uniform(37, 52, n)
    period = np.exp(rng.uniform(np.log(0.5), np.log(500), n))
    epoch = 2454960 + rng.uniform(0, 1, n) * period
    started = time.perf_counter()
    found = same_eclipses(["Kepler"] * n, ra, dec, period, epoch, np.full(n, 3.0), np.full(n, np.nan), np.zeros(n))
    assert time.perf_counter() - started < 10
    assert len(found) < 100  # by chance
