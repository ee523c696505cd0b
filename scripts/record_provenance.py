"""Write down what the run was made from."""

from lightmill.logs import job_log
from lightmill.provenance import record_provenance

with job_log(snakemake.log[0]):
    record_provenance(
        snakemake.output.provenance,
        catalogs=list(snakemake.input.catalogs),
        config=snakemake.params.config,
        code=snakemake.params.code,
    )
