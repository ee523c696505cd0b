"""Write the lists of every shard: what to download, what to fold, what it is called."""

from pathlib import Path

from lightmill.catalogs.shards import Searched, shard_catalog
from lightmill.logs import job_log

listed = snakemake.params.search_listed

with job_log(snakemake.log[0]):
    shard_catalog(
        snakemake.input.labels,
        snakemake.input.summaries,
        Path(snakemake.output.resolved[0]).parent.parent,
        shards=snakemake.params.shards,
        max_resolved_difference=snakemake.params.max_resolved_difference,
        sectors=next(iter(snakemake.input.sectors), None),
        searched=None if listed is None else Searched(next(iter(snakemake.input.searched), None), listed),
    )
