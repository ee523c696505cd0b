"""Bring the light curves of one shard's targets into the store."""

from lightmill.lightcurves.fetch import fetch_shard
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    fetch_shard(
        targets=snakemake.input.targets,
        mission=snakemake.wildcards.mission,
        base_urls=snakemake.params.base_urls,
        store=snakemake.params.store,
        manifest=snakemake.output.manifest,
    )
