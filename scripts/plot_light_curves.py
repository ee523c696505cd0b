"""Draw the raw light curves of some signals of each class."""

from pathlib import Path

from lightmill.config.training import TaskLabels
from lightmill.evaluation.light_curves import plot_sample_light_curves
from lightmill.logs import job_log

labels = snakemake.params.task["labels"]

with job_log(snakemake.log[0]):
    plot_sample_light_curves(
        dataset=Path(snakemake.input.manifest).parent,
        labels=None if labels is None else TaskLabels(**labels),
        manifests=snakemake.input.light_curves,
        store=snakemake.params.store,
        path=snakemake.output.light_curves,
    )
