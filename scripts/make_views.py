"""Fold one shard's signals into views."""

from pathlib import Path

from lightmill.config.views import ViewSettings
from lightmill.logs import job_log
from lightmill.views.shards import make_shard_views, stored_light_curves

with job_log(snakemake.log[0]):
    make_shard_views(
        signals=snakemake.input.signals,
        light_curves=stored_light_curves(snakemake.input.light_curves, snakemake.params.store),
        folder=Path(snakemake.output.manifest).parent,
        settings=ViewSettings(**snakemake.params.settings),
    )
