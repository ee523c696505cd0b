"""Rank the signals that were found in one mission's stars."""

from pathlib import Path

from lightmill.evaluation.candidates import rank_candidates
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    rank_candidates(
        ensemble=Path(snakemake.input.description).parent,
        found=snakemake.input.found,
        views=[Path(manifest).parent for manifest in snakemake.input.manifests],
        path=snakemake.output.candidates,
        source=snakemake.params.source,
    )
