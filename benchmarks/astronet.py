"""AstroNet's own Python as a peer, unmodified, from a checkout of google-research/exoplanet-ml.

The environment variable LIGHTMILL_ASTRONET names the checkout. It was written for TensorFlow 1 and numpy 1.15: names
that numpy has dropped are given back to it, and TensorFlow, of which this part needs to open files alone, is a module
with that one thing in it.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

VARIABLE = "LIGHTMILL_ASTRONET"
NAME = "AstroNet (exoplanet-ml)"
_DROPPED = {"int": int, "float": float}


class AstroNet(NamedTuple):
    """Its modules."""

    preprocess: Any
    kepler_io: Any


def find_astronet() -> AstroNet | None:
    """AstroNet from the checkout that the environment names; None, said on stderr, where it names none."""
    named = os.environ.get(VARIABLE)
    if not named:
        print(f"{VARIABLE} names no checkout of google-research/exoplanet-ml: no comparison with it", file=sys.stderr)
        return None
    root = next((place for place in (Path(named), Path(named) / "exoplanet-ml") if (place / "astronet").is_dir()), None)
    if root is None:
        raise RuntimeError(f"{VARIABLE}: {named}: no folder astronet in it; expected a checkout of exoplanet-ml")
    tensorflow: Any = ModuleType("tensorflow")
    tensorflow.gfile = ModuleType("tensorflow.gfile")
    tensorflow.gfile.Open, tensorflow.gfile.Exists = open, os.path.exists
    sys.modules["tensorflow"] = tensorflow
    sys.modules["tensorflow.gfile"] = tensorflow.gfile
    sys.path.insert(0, str(root))
    from astronet.data import preprocess
    from light_curve import kepler_io

    return AstroNet(preprocess, kepler_io)


def views_of(
    astronet: AstroNet, files: Sequence[str], period_d: float, epoch: float, duration_d: float
) -> tuple[np.ndarray, np.ndarray]:
    """Global (2001,) and local (201,) view of a Kepler star by AstroNet, from its FITS files; `epoch` in BKJD."""
    return folded_views(astronet, *astronet.kepler_io.read_kepler_light_curve(files), period_d, epoch, duration_d)


def folded_views(
    astronet: AstroNet,
    times: list[np.ndarray],
    fluxes: list[np.ndarray],
    period_d: float,
    epoch: float,
    duration_d: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The same from arrays, one for each quarter: time in the epoch's clock, flux over its median."""
    with _of_its_time():
        time, flux = astronet.preprocess.process_light_curve(times, fluxes)
        time, flux = astronet.preprocess.phase_fold_and_sort_light_curve(time, flux, period_d, epoch)
        return (
            astronet.preprocess.global_view(time, flux, period_d),
            astronet.preprocess.local_view(time, flux, period_d, duration_d),
        )


@contextmanager
def _of_its_time() -> Iterator[None]:
    """Numpy with the names that it has dropped since."""
    with patch.multiple(np, create=True, **_DROPPED):
        yield
