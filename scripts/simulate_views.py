"""Fold one shard's signals into views, straight from the light curves of the simulated survey."""

from pathlib import Path

from lightmill.config.simulation import SimulationSettings
from lightmill.config.views import ViewSettings
from lightmill.lightcurves.assemble import join_segments
from lightmill.lightcurves.lightcurve import STAR, LightCurve, Segment
from lightmill.lightcurves.reader import SegmentRows
from lightmill.logs import job_log
from lightmill.simulate.direct import light_curve_parts
from lightmill.simulate.survey import target_of
from lightmill.views.making import Outcome
from lightmill.views.shards import make_shard_views


def light_curve(target_id: str) -> LightCurve | Outcome:
    """What the store would have of a target."""
    parts = [
        SegmentRows(Segment(**part.segment, star=tuple(part.star[key] for key in STAR)), part.columns)
        for part in light_curve_parts(simulation, target_of(simulation, target_id))
    ]
    return join_segments(target_id, parts) if parts else Outcome("no_light_curve", "absent")


with job_log(snakemake.log[0]):
    simulation = SimulationSettings(**snakemake.params.simulation)
    make_shard_views(
        signals=snakemake.input.signals,
        light_curves=light_curve,
        folder=Path(snakemake.output.manifest).parent,
        settings=ViewSettings(**snakemake.params.settings),
    )
