"""Draw views of some signals whose labels are suspect."""

from pathlib import Path

from lightmill.evaluation.suspects_figure import plot_suspects
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    plot_suspects(
        dataset=Path(snakemake.input.manifest).parent,
        table=snakemake.input.table,
        figure=snakemake.output.figure,
    )
