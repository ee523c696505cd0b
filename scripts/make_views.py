"""Fold one shard's signals into views."""

from pathlib import Path

from lightmill.config.views import ViewSettings
from lightmill.logs import job_log
from lightmill.views.shards import make_shard_views

with job_log(snakemake.log[0]):
    make_shard_views(
        signals=snakemake.input.signals,
        light_curves=snakemake.input.light_curves,
        store=snakemake.params.store,
        folder=Path(snakemake.output.manifest).parent,
        settings=ViewSettings(**snakemake.params.settings),
    )
