"""Say what a mission's light curves cover, by label; fail if too many targets have none."""

from lightmill.lightcurves.coverage import check_coverage
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    check_coverage(
        manifests=list(snakemake.input.manifests),
        labels=list(snakemake.input.labels),
        max_missing=snakemake.params.max_missing,
        coverage=snakemake.output.coverage,
        searched=list(snakemake.input.searched),
    )
