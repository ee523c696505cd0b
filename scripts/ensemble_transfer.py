"""Join the models of all seeds into one ensemble."""

from pathlib import Path

from lightmill.logs import job_log
from lightmill.training.ensemble import ensemble_models

with job_log(snakemake.log[0]):
    ensemble_models(
        members=[Path(description).parent for description in snakemake.input.descriptions],
        dataset=Path(snakemake.input.manifest).parent,
        folder=Path(snakemake.output.description).parent,
    )
