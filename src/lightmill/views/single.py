"""The views of one signal, from a light curve to one portable file."""

from pathlib import Path

import numpy as np

from lightmill.config.views import ViewSettings
from lightmill.errors import ViewError
from lightmill.files import write_npz
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.flatten import flatten_for_views
from lightmill.views.layout import STAR_COLUMNS, exported_name, presence_column
from lightmill.views.making import SignalViews, make_views
from lightmill.views.signal import GIVEN, Signal


def make_signal_views(
    light_curve: LightCurve, period_d: float, epoch_bjd: float, duration_h: float, settings: ViewSettings
) -> tuple[Signal, SignalViews]:
    """The views of one signal of a star of which nothing else is known, and the signal.

    Raises ViewError if the ephemeris cannot be folded, or the light curve does not show where the transit would be.
    """
    signal = Signal(light_curve.target_id, period_d, epoch_bjd, duration_h, ephemeris=GIVEN)
    if signal.defect:
        reason = signal.impossible or "expected numbers for period, epoch and duration"
        raise ViewError(f"{light_curve.target_id}: cannot be folded: {reason}")
    star = flatten_for_views(light_curve, [signal], settings)
    outcome, made = make_views(star, signal, [signal], settings)
    if made is None:
        raise ViewError(f"{light_curve.target_id}: no views, {outcome.outcome}: {outcome.detail}")
    return signal, made


def write_signal_views(
    path: str | Path, light_curve: LightCurve, signal: Signal, made: SignalViews, settings: ViewSettings
) -> None:
    """Write a signal's views as one `.npz` file that `np.load(path, allow_pickle=False)` reads.

    Of the keys of an exported dataset these, each an array of one row: the arrays of views, `signal_id`, `target_id`
    and `mission`, `ephemeris` (`given`) and its numbers, the measures, which further views there are, what the header
    says of the star, and `scale`.
    """
    arrays = {exported_name(name): array[np.newaxis] for name, array in made.arrays.items()}
    texts = {
        "signal_id": signal.signal_id,
        "target_id": light_curve.target_id,
        "mission": light_curve.mission,
        "ephemeris": signal.ephemeris,
        "scale": settings.scale,
    }
    numbers = {"period_d": signal.period_d, "epoch_bjd": signal.epoch_bjd, "duration_h": signal.duration_h}
    numbers |= made.numbers | {column: getattr(light_curve, name) for column, name in STAR_COLUMNS.items()}
    arrays |= {name: np.array([text], np.str_) for name, text in texts.items()}
    arrays |= {name: np.array([number], np.float64) for name, number in numbers.items()}
    arrays |= {presence_column(view): np.array([present]) for view, present in made.present.items()}
    write_npz(path, arrays)
