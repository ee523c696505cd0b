"""Read the lists of stars to search."""

from lightmill.logs import job_log
from lightmill.search.targets import read_target_lists

with job_log(snakemake.log[0]):
    read_target_lists(
        snakemake.input.files, snakemake.output.targets, snakemake.output.rejected, snakemake.params.missions
    )
