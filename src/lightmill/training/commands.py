"""`lightmill score`: the probabilities that a trained model gives to a file of views."""

from pathlib import Path
from typing import Annotated

import typer

from lightmill.terminal import one_line_errors, printable, writing


def score(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL_DIR", help="Folder of an ensemble, or of one model: model.safetensors and model.json."
        ),
    ],
    views: Annotated[Path, typer.Option("--views", metavar="NPZ", help="The views to score, one row a signal.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CSV", help="Write the probabilities here.")],
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="KEY",
            help="The key that says whose a row is. [default: signal_id, star_id, target_id, kepid, tic_id, TIC_ID, "
            "epic, row_id or id, the first that is there]",
            show_default=False,
        ),
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option(
            "--prior",
            metavar="SHARE",
            help="The share of positives among signals like these. [default: that of the validation rows]",
            show_default=False,
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            "--details",
            help="Add aleatoric and epistemic doubt, spread by dropout, conformal call, and whether the calibration "
            "holds for these signals.",
        ),
    ] = False,
) -> None:
    """Score a file of views with a trained model or ensemble.

    The file is what `lightmill views` writes, an exported dataset, or anybody's `.npz` with `global_view`,
    `local_view` and ids, if the views have the lengths and the scale that the model was trained on.

    The table has one row per scored row, in the file's order: `row` (from 0), `star_id`, `probability` (the mean over
    the ensemble's members, calibrated) and `spread` (their standard deviation). Rows that cannot be scored go, with the
    reason, to a table beside it, `scores.rejected.csv` for `scores.csv`; the last line says how many. The line before
    it says whether the signals look like those that an ensemble was calibrated on.
    """
    with one_line_errors():
        from lightmill.training.scoring import rejected_path, score_rows, write_scores

        rejected = rejected_path(output)
        scored = score_rows(model, views, id_column, prior, details)
        with writing(output):
            write_scores(output, scored)
        if scored.shift is not None:
            typer.echo(f"calibration: {scored.shift}")
        members = "1 model" if scored.members == 1 else f"{scored.members} models"
        reasons = f", reasons in {rejected}" if len(scored.rejected) else ""
        typer.echo(
            printable(
                f"{views}: {len(scored.table)} rows scored by {members}, in {output}; "
                f"{len(scored.rejected)} rejected{reasons}"
            )
        )
