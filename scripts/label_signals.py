"""Merge the tables as read into one labelled signal table."""

from lightmill.catalogs.labels import label_signal_files
from lightmill.config.catalogs import LabelSettings, SplitSettings
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    label_signal_files(
        dict(zip(snakemake.params.tables, snakemake.input.tables, strict=True)),
        snakemake.output.labels,
        snakemake.output.conflicts,
        snakemake.output.moves,
        labels=LabelSettings(**snakemake.params.labels),
        splits=SplitSettings(**snakemake.params.splits),
        shards=snakemake.params.shards,
    )
