"""Write a dataset as one portable file."""

from pathlib import Path

from lightmill.logs import job_log
from lightmill.training.export import export_dataset

with job_log(snakemake.log[0]):
    export_dataset(folder=Path(snakemake.input.manifest).parent, path=snakemake.output.data)
