"""Choose the learning rate of one strategy for every number of labels."""

from pathlib import Path

from lightmill.logs import job_log
from lightmill.transfer.job import configured_job
from lightmill.transfer.tune import choose_rates

with job_log(snakemake.log[0]):
    choose_rates(
        configured_job(
            snakemake.wildcards.strategy,
            snakemake.wildcards.origin,
            snakemake.input.source_description,
            snakemake.input.source_dataset[0],
            snakemake.input.manifest,
            snakemake.params.job,
        ),
        datasets=[Path(manifest).parent for manifest in snakemake.input.datasets],
        rates=snakemake.params.rates,
        seed=snakemake.params.seed,
        cells=Path(snakemake.output.rates).parent / "cells",
        table=snakemake.output.rates,
    )
