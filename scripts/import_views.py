"""Make a dataset of views that others made."""

from pathlib import Path

from lightmill.config.catalogs import SplitSettings
from lightmill.config.views import ImportedViews
from lightmill.logs import job_log
from lightmill.training.assembly import import_dataset

files = list(snakemake.input.files)

with job_log(snakemake.log[0]):
    import_dataset(
        folder=Path(snakemake.output.manifest).parent,
        rejected=snakemake.output.rejected,
        name=snakemake.wildcards.name,
        files=files,
        settings=ImportedViews(**snakemake.params.settings, files=files),
        splits=SplitSettings(**snakemake.params.splits),
    )
