"""Explain some signals of a dataset: which bins speak for them and which against."""

from pathlib import Path

from lightmill.evaluation.explanation import explain_signals
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    explain_signals(
        dataset=Path(snakemake.input.manifest).parent,
        ensemble=Path(snakemake.input.description).parent,
        count=snakemake.params.signals,
        folder=Path(snakemake.output.arrays).parent,
    )
