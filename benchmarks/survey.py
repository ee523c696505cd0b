"""A few simulated stars as an archive serves them and as the store keeps them: what the other files read."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.simulation import QUARTERS, SimulationSettings
from lightmill.lightcurves.assemble import join_segments
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.lightcurves.lightcurve import STAR, LightCurve, Segment
from lightmill.lightcurves.reader import SegmentRows
from lightmill.simulate.direct import light_curve_parts
from lightmill.simulate.light_curves import light_curve_files
from lightmill.simulate.survey import Target, draw_targets
from lightmill.targets import Mission
from lightmill.views import Signal

# Enough to choose bright, well-seen planets from: of faint ones the measured depths differ by noise alone.
DRAWN = 300
LEAST_SNR = 40.0


@dataclass(frozen=True)
class ObservedStar:
    """A star with one planet: its FITS files in the order of their segments, and the store that it is in."""

    target_id: str
    signal: Signal
    archive: Path
    files: tuple[str, ...]
    """Names of its files below `archive`."""
    segments: tuple[int, ...]
    """Quarter or sector of each file."""
    store: Path
    sha256: str
    """Of its file in the store."""


def simulated_light_curve(
    settings: SimulationSettings, target: Target, segments: int | None = None
) -> LightCurve | None:
    """A simulated star's light curve, or its first segments; None if it has none."""
    parts = [
        SegmentRows(Segment(**part.segment, star=tuple(part.star[key] for key in STAR)), part.columns)
        for part in light_curve_parts(settings, target)
    ]
    return join_segments(target.target_id, parts[:segments]) if parts else None


@cache
def observed_stars(folder: Path, mission: Mission, stars: int) -> list[ObservedStar]:
    """Write the FITS files of the first suitable stars of a simulated survey below `folder`, and store their curves.

    Kepler stars have every quarter that they can have (17 at most), TESS stars a sector or two.
    """
    settings = SimulationSettings(seed=1, n_kepler=DRAWN, n_k2=0, n_tess=DRAWN, overlap=0, quarters=list(QUARTERS))
    suitable = (target for target in draw_targets(settings, mission) if _suitable(target))
    return [_observe(settings, folder, target) for target, _ in zip(suitable, range(stars), strict=False)]


def _suitable(target: Target) -> bool:
    return (
        target.kind == "planet"
        and not target.missing
        and len(target.signals) == 1
        and target.signals[0].found.snr >= LEAST_SNR
    )


def _observe(settings: SimulationSettings, folder: Path, target: Target) -> ObservedStar:
    archive, store = folder / "archive", folder / "store"
    names = []
    for name, content in light_curve_files(settings, target):
        (archive / name).parent.mkdir(parents=True, exist_ok=True)
        (archive / name).write_bytes(content)
        names.append(name)
    pd.DataFrame({"target_id": [target.target_id]}).to_parquet(folder / "targets.parquet")
    settings = MISSION_ARCHIVES[target.mission](base_url=f"file://{archive}")
    manifest, products = folder / "manifest.parquet", folder / "products.parquet"
    fetch_shard(folder / "targets.parquet", target.mission, settings, store, manifest, products)
    outcome = next(pd.read_parquet(manifest).itertuples())
    if outcome.outcome != "ok":
        raise RuntimeError(f"{target.target_id}: {outcome.outcome}, {outcome.detail}")
    found = target.signals[0].found
    return ObservedStar(
        target_id=target.target_id,
        signal=Signal(target.target_id, found.period_d, found.epoch_bjd, found.duration_h, found.depth * 1e6),
        archive=archive,
        files=tuple(names),
        segments=tuple(segment.number for segment in target.segments),
        store=store,
        sha256=outcome.sha256,
    )
