"""Bring one trained model to another dataset by one strategy, with all numbers of labels."""

from pathlib import Path

from lightmill.logs import job_log
from lightmill.transfer.job import configured_job
from lightmill.transfer.tune import transfer_model

with job_log(snakemake.log[0]):
    transfer_model(
        configured_job(
            snakemake.wildcards.strategy,
            snakemake.wildcards.origin,
            snakemake.input.source_description,
            snakemake.input.source_dataset[0],
            snakemake.input.manifest,
            snakemake.params.job,
        ),
        draws=snakemake.params.draws,
        seed=int(snakemake.wildcards.seed),
        rates=snakemake.input.get("rates") or None,
        cells=Path(snakemake.output.description).parents[1] / "cells",
        folder=Path(snakemake.output.description).parent,
    )
