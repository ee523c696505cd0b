"""Join what was found in one mission's stars into one list, and look at its periods."""

from lightmill.logs import job_log
from lightmill.search.gathering import gather_found

with job_log(snakemake.log[0]):
    gather_found(
        found=snakemake.input.found,
        views=snakemake.input.manifests,
        light_curves=snakemake.input.light_curves,
        table=snakemake.output.found,
        histogram=snakemake.output.histogram,
        figure=snakemake.output.figure,
        title=f"{snakemake.wildcards.mission}: periods of what was found",
    )
