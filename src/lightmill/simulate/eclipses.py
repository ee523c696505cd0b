"""One body in front of another: planets and binaries, limb-darkened, averaged over the exposure.

The shape of an event is computed once with batman (Kreidberg 2015) on a fine grid about mid-eclipse, and then laid on
the cadences: every event of a strictly periodic signal looks alike.
"""

from dataclasses import dataclass

import batman
import numpy as np

G_SEMI_MAJOR_RSUN = 4.2083
"""(G M_sun / 4 pi^2)^(1/3) for a day, in solar radii: Kepler's third law."""


@dataclass(frozen=True)
class Orbit:
    """Two bodies, the first the larger and brighter, and how they are seen.

    `radius_ratio` is at most 0.98. `flux_ratio` is the light of the second over that of the first. `ellipsoidal` and
    `reflection` are semi-amplitudes of the light of the pair at twice and once the orbital frequency. `share` is the
    part of the light in the aperture that comes from this pair; the rest dilutes it. `offset_px` is how far the pair
    stands from the rest of the light, columns and rows.
    """

    period_d: float
    epoch_bjd: float
    radius_ratio: float
    axis_ratio: float
    inclination_deg: float
    eccentricity: float = 0.0
    omega_deg: float = 90.0
    limb: tuple[float, float] = (0.4, 0.25)
    flux_ratio: float = 0.0
    ellipsoidal: float = 0.0
    reflection: float = 0.0
    share: float = 1.0
    offset_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Shape:
    """An event as a function of time from its middle: `times_d` (m,) ascending, `loss` (m,) of the pair's light."""

    middle_bjd: float
    times_d: np.ndarray
    loss: np.ndarray


def semi_major_axis_rsun(period_d: float, mass_msun: float) -> float:
    """Semi-major axis in solar radii for a period in days and a total mass in solar masses (Kepler's third law)."""
    return G_SEMI_MAJOR_RSUN * (mass_msun * period_d**2) ** (1 / 3)


def inclination_deg(impact: float, axis_ratio: float, eccentricity: float = 0.0, omega_deg: float = 90.0) -> float:
    """Inclination at which the impact parameter of the primary eclipse is `impact` (Winn 2010, equation 7)."""
    squeeze = (1 - eccentricity**2) / (1 + eccentricity * np.sin(np.radians(omega_deg)))
    return float(np.degrees(np.arccos(impact / (axis_ratio * squeeze))))


def duration_h(orbit: Orbit) -> float:
    """First to last contact of the primary eclipse, hours (Winn 2010, equations 14 and 16); 0 if there is none."""
    squeeze = 1 + orbit.eccentricity * np.sin(np.radians(orbit.omega_deg))
    sine, cosine = np.sin(np.radians(orbit.inclination_deg)), np.cos(np.radians(orbit.inclination_deg))
    impact = orbit.axis_ratio * cosine * (1 - orbit.eccentricity**2) / squeeze
    chord = (1 + orbit.radius_ratio) ** 2 - impact**2
    if chord <= 0:
        return 0.0
    angle = np.arcsin(min(1.0, np.sqrt(chord) / (orbit.axis_ratio * sine)))
    return float(24 * orbit.period_d / np.pi * angle * np.sqrt(1 - orbit.eccentricity**2) / squeeze)


def _parameters(orbit: Orbit) -> batman.TransitParams:
    parameters = batman.TransitParams()
    parameters.t0 = 0.0
    parameters.per = orbit.period_d
    parameters.rp = orbit.radius_ratio
    parameters.a = orbit.axis_ratio
    parameters.inc = orbit.inclination_deg
    parameters.ecc = orbit.eccentricity
    parameters.w = orbit.omega_deg
    parameters.u = list(orbit.limb)
    parameters.limb_dark = "quadratic"
    parameters.fp = 1.0
    parameters.t_secondary = 0.0
    return parameters


def shapes(orbit: Orbit, exposure_d: float, points: int = 501) -> list[Shape]:
    """The primary eclipse, and the secondary if the second body shines, each averaged over `exposure_d`.

    `loss` is the fraction of the light of the pair that is hidden, before dilution. The average is taken from the
    integral of the shape at `points` instants: batman's own supersampling weighs both ends of an exposure in full.
    """
    length_d = duration_h(orbit) / 24
    if length_d == 0:
        return []
    half = min(0.5 * orbit.period_d, 0.55 * length_d + 0.5 * exposure_d)
    times = np.linspace(-half, half, points)
    parameters = _parameters(orbit)
    model = batman.TransitModel(parameters, times)
    first = 1.0 - model.light_curve(parameters)
    total = 1.0 + orbit.flux_ratio
    events = [Shape(orbit.epoch_bjd, times, exposed(times, first / total, exposure_d))]
    if orbit.flux_ratio > 0:
        middle = model.get_t_secondary(parameters)
        # An eccentric orbit may make the secondary longer than the primary: give it room.
        room = times * min((1 + orbit.eccentricity) / (1 - orbit.eccentricity), 0.5 * orbit.period_d / half)
        parameters.t_secondary = middle
        secondary = batman.TransitModel(parameters, middle + room, transittype="secondary")
        hidden = 2.0 - secondary.light_curve(parameters)
        loss = exposed(room, hidden * orbit.flux_ratio / total, exposure_d)
        events.append(Shape(orbit.epoch_bjd + middle, room, loss))
    return events


def exposed(times_d: np.ndarray, loss: np.ndarray, exposure_d: float) -> np.ndarray:
    """`loss` (n,) at ascending `times_d` (n,), zero beyond them, averaged over exposures about each time; (n,)."""
    steps = np.diff(times_d) * 0.5 * (loss[1:] + loss[:-1])
    integral = np.concatenate([[0.0], np.cumsum(steps)])
    after, before = (np.interp(times_d + sign * exposure_d / 2, times_d, integral) for sign in (1, -1))
    return (after - before) / exposure_d


def central_loss(orbit: Orbit) -> float:
    """The fraction of the pair's light hidden at the middle of the primary eclipse, unaveraged and undiluted."""
    parameters = _parameters(orbit)
    return float(1.0 - batman.TransitModel(parameters, np.zeros(1)).light_curve(parameters)[0]) / (1 + orbit.flux_ratio)


def pair_flux(orbit: Orbit, events: list[Shape], times_bjd: np.ndarray) -> np.ndarray:
    """Relative light of the pair at `times_bjd` (n,), 1 outside eclipses but for tides and reflection; (n,) float64.

    `events` are its `shapes` for the exposure of the data.
    """
    flux = np.ones(len(times_bjd))
    if orbit.ellipsoidal or orbit.reflection:
        angle = 2 * np.pi * (times_bjd - orbit.epoch_bjd) / orbit.period_d
        flux -= orbit.ellipsoidal * np.cos(2 * angle) + orbit.reflection * np.cos(angle)
    for event in events:
        phase = np.mod(times_bjd - event.middle_bjd + 0.5 * orbit.period_d, orbit.period_d) - 0.5 * orbit.period_d
        near = np.abs(phase) < event.times_d[-1]
        flux[near] -= np.interp(phase[near], event.times_d, event.loss)
    return flux
