"""Search one shard's stars for signals that nobody has listed."""

from lightmill.config.search import FindSettings
from lightmill.logs import job_log
from lightmill.search.shards import find_shard_signals

with job_log(snakemake.log[0]):
    find_shard_signals(
        targets=snakemake.input.targets,
        light_curves=snakemake.input.light_curves,
        store=snakemake.params.store,
        cache=snakemake.params.cache,
        settings=FindSettings(**snakemake.params.settings),
        code=snakemake.params.code,
        path=snakemake.output.found,
    )
