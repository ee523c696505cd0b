"""Complete and refine the ephemerides of one shard's signals."""

from lightmill.config.search import EphemerisSettings
from lightmill.logs import job_log
from lightmill.search.shards import search_shard_ephemerides

with job_log(snakemake.log[0]):
    search_shard_ephemerides(
        signals=snakemake.input.signals,
        light_curves=snakemake.input.light_curves,
        store=snakemake.params.store,
        cache=snakemake.params.cache,
        settings=EphemerisSettings(**snakemake.params.settings),
        code=snakemake.params.code,
        path=snakemake.output.ephemerides,
    )
