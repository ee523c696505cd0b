"""List the labels that networks which have not seen them do not believe."""

from pathlib import Path

from lightmill.logs import job_log
from lightmill.training.suspect_labels import suspect_labels

with job_log(snakemake.log[0]):
    suspect_labels(
        dataset=Path(snakemake.input.manifest).parent,
        ensemble=Path(snakemake.input.description).parent,
        table=snakemake.output.table,
    )
