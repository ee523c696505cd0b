"""Join the views of a mission's shards with their labels into one dataset."""

from pathlib import Path

from lightmill.config.catalogs import LabelSettings
from lightmill.logs import job_log
from lightmill.training.assembly import assemble_dataset

with job_log(snakemake.log[0]):
    assemble_dataset(
        folder=Path(snakemake.output.manifest).parent,
        views=[Path(manifest).parent for manifest in snakemake.input.manifests],
        labels=list(snakemake.input.labels),
        resolved=snakemake.input.resolved,
        settings=LabelSettings(**snakemake.params.labels),
    )
