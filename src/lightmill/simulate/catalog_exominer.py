"""The ExoMiner vetting table: one row per signal and run of sectors, scores, ephemerides of three decimals."""

import numpy as np

from lightmill.simulate.listing import Listed
from lightmill.simulate.seeds import generator
from lightmill.simulate.segments import NORTHERN_SECTORS
from lightmill.targets import BTJD_ZERO_BJD

_SOUTHERN_RUNS = ("1-36", "1-39", "1-65")
_NORTHERN_RUNS = ("14-41", "14-50", "14-55")
_STAMP = "2019199201929"


def exominer_rows(seed: int, listed: Listed) -> list[list[str]]:
    """The rows of one signal, each with its score first to sort by; none if the score stays below 0.1.

    The score is that of a model: high for most planets, but for some impostors as well.
    """
    rng = generator(seed, "exominer", listed.target.target_id, listed.number)
    score = 1 - rng.beta(0.5, 1.6) if listed.signal.planet else rng.beta(0.5, 1.6)
    northern = listed.target.segments[0].number in NORTHERN_SECTORS
    joint = _NORTHERN_RUNS if northern else _SOUTHERN_RUNS
    runs = [str(segment.number) for segment in listed.target.segments]
    runs += [joint[place] for place in np.sort(rng.permutation(3)[: rng.integers(0, 4)])]
    rows = []
    for run in runs:
        here = float(np.clip(score + rng.normal(0, 0.06), 0, 0.999))
        if here > 0.1:
            rows.append(_row(listed, run, here, rng))
    return rows


def _row(listed: Listed, run: str, score: float, rng: np.random.Generator) -> list[str]:
    number = listed.star_number
    first, last = (run.split("-") * 2)[:2]
    link = (
        "https://mast.stsci.edu/api/v0.1/Download/file?uri=mast:TESS/product/"
        f"tess{_STAMP}-s{int(first):04d}-s{int(last):04d}-{number:016d}-00000_dvm.pdf"
    )
    # Each run finds its own ephemeris, near the epoch of its first transits.
    orbits = -rng.integers(0, 4)
    epoch = listed.epoch_bjd + orbits * listed.period_d + rng.normal(0, 0.4 * listed.epoch_err_d)
    period = listed.period_d + rng.normal(0, 0.4 * listed.period_err_d)
    numbers = [
        period,
        # Durations are kept in days of three decimals, and shown in hours.
        round(listed.duration_h / 24, 3) * 24,
        epoch - BTJD_ZERO_BJD,
        listed.depth_ppm * np.exp(rng.normal(0, 0.03)),
        listed.radius_rearth,
        max(7.1, listed.snr * rng.uniform(0.8, 1.1)),
        listed.snr * rng.uniform(0.9, 1.1),
        float(listed.signal.found.transits),
    ]
    shown = [repr(float(value)) if place == 1 else repr(round(float(value), 3)) for place, value in enumerate(numbers)]
    crowded = listed.signal.kind in ("eclipsing_binary", "blended_binary") and rng.random() < 0.3
    renormalised = rng.lognormal(0.02, 0.06) + rng.exponential(1) * crowded
    ruwe = "" if rng.random() < 0.04 else repr(round(float(renormalised), 3))
    return [
        f"{number}-{listed.number}-S{run}",
        str(number),
        run,
        str(listed.number),
        repr(round(score, 3)),
        repr(round(float(rng.uniform(0, 0.4) * score * (1 - score)), 3)),
        f"[Download]({link})",
        *shown,
        ruwe,
    ]
