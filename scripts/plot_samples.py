"""Draw views of some signals of each class."""

from pathlib import Path

from lightmill.config.training import TaskLabels
from lightmill.evaluation.samples import plot_sample_views
from lightmill.logs import job_log

labels = snakemake.params.task["labels"]

with job_log(snakemake.log[0]):
    plot_sample_views(
        dataset=Path(snakemake.input.manifest).parent,
        labels=None if labels is None else TaskLabels(**labels),
        path=snakemake.output.views,
    )
