"""Flat light curves with boxes of dips in noise, and drawn ephemerides: for the tests of completing and refining."""

import numpy as np

START = 2458325.0
CADENCE_D = 10.0 / 1440
SIGMA = 1e-3


def times(*stretches, cadence_d=CADENCE_D):
    """Even times within stretches (first day, days) after START."""
    return np.concatenate([START + first + np.arange(0.0, days, cadence_d) for first, days in stretches])


def dips(time_bjd, period_d, epoch_bjd, duration_d, depth, seed=0, sigma=SIGMA):
    """Noise with a box at each transit, relative flux minus one."""
    flux = np.random.default_rng(seed).normal(0.0, sigma, time_bjd.size)
    away = np.abs((time_bjd - epoch_bjd + period_d / 2) % period_d - period_d / 2)
    flux[away < duration_d / 2] -= depth
    return flux


def depth_of(snr, time_bjd, period_d, epoch_bjd, duration_d, sigma=SIGMA):
    """The depth at which a box has this S/N in white noise."""
    away = np.abs((time_bjd - epoch_bjd + period_d / 2) % period_d - period_d / 2)
    return snr * sigma / np.sqrt(np.count_nonzero(away < duration_d / 2))


def largest_offset(time_bjd, period_d, epoch_bjd, true_period_d, true_epoch_bjd):
    """How far the true transits that have data are from an ephemeris at most, in days."""
    number = np.unique(np.round((time_bjd - true_epoch_bjd) / true_period_d))
    away = true_epoch_bjd + number * true_period_d - epoch_bjd
    return np.abs(away - np.round(away / period_d) * period_d).max()
