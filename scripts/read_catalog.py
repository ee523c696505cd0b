"""Read one archive table into the signal table."""

from lightmill.catalogs.reading import write_catalog
from lightmill.config.catalogs import LabelSettings
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    write_catalog(
        snakemake.input.catalog,
        LabelSettings(**snakemake.params.labels),
        signals=snakemake.output.signals,
        rejected=snakemake.output.rejected,
        summary=snakemake.output.summary,
    )
