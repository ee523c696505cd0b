"""Draw what the catalogs hold."""

from lightmill.catalogs.figures import explore_catalogs
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    explore_catalogs(
        dict(zip(snakemake.params.tables, snakemake.input.tables, strict=True)),
        snakemake.input.labels,
        dispositions=snakemake.output.dispositions,
        distributions=snakemake.output.distributions,
        missions=snakemake.output.missions,
        sky=snakemake.output.sky,
    )
