"""Bring the light curves of one shard's targets into the store."""

from pathlib import Path

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.network import NetworkSettings
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    fetch_shard(
        targets=snakemake.input.targets,
        mission=snakemake.wildcards.mission,
        archive=MISSION_ARCHIVES[snakemake.wildcards.mission](**snakemake.params.archive),
        store=snakemake.params.store,
        manifest=snakemake.output.manifest,
        products=snakemake.output.products,
        network=NetworkSettings(**snakemake.config["network"]),
        connections=snakemake.resources.mast_connections or None,
        events=Path(snakemake.log[0]).with_suffix(".jsonl"),
    )
