"""`lightmill score`: the probabilities that a trained model gives to a file of views; `lightmill tune`: settings."""

from pathlib import Path
from typing import Annotated

import typer

from lightmill.errors import LightmillError
from lightmill.terminal import one_line_errors, printable, writing


def score(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL_DIR", help="Folder of an ensemble, or of one model: model.safetensors and model.json."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CSV", help="Write the probabilities here.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES...]", help="The FITS light curves of one star, of which one signal is scored."),
    ] = None,
    views: Annotated[
        Path | None,
        typer.Option("--views", metavar="NPZ", help="The views to score, one row a signal.", show_default=False),
    ] = None,
    period_d: Annotated[
        float | None, typer.Option("--period-d", help="With FILES: period in days.", show_default=False)
    ] = None,
    epoch_bjd: Annotated[
        float | None,
        typer.Option("--epoch-bjd", help="With FILES: middle of any transit, BJD_TDB in full.", show_default=False),
    ] = None,
    duration_h: Annotated[
        float | None,
        typer.Option("--duration-h", help="With FILES: duration of the transit in hours.", show_default=False),
    ] = None,
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
    """Score a file of views, or one signal of a star's light curves, with a trained model or ensemble.

    Light curves are folded and binned as the model's own were. A file of views is what `lightmill views` writes, an
    exported dataset, or anybody's `.npz` with `global_view`, `local_view` and ids, if the views have the lengths and
    the scale that the model was trained on.

    The table has one row per scored row, in the file's order: `row` (from 0), `star_id`, `probability` (the mean over
    the ensemble's members, calibrated) and `spread` (their standard deviation). Rows that cannot be scored go, with the
    reason, to a table beside it, `scores.rejected.csv` for `scores.csv`; the last line says how many. The line before
    it says whether the signals look like those that an ensemble was calibrated on.
    """
    with one_line_errors():
        from lightmill.training.scoring import rejected_path, score_rows, write_scores

        rejected = rejected_path(output)
        if views is not None and not files:
            scored, what = score_rows(model, views, id_column, prior, details), str(views)
        elif files and views is None and period_d is not None and epoch_bjd is not None and duration_h is not None:
            from lightmill.training.star import score_star

            scored = score_star(model, files, period_d, epoch_bjd, duration_h, prior, details)
            what = ", ".join(scored.table["star_id"])
        else:
            raise LightmillError(
                "name either --views, or a star's FITS files with --period-d, --epoch-bjd and --duration-h"
            )
        with writing(output):
            write_scores(output, scored)
        if scored.shift is not None:
            typer.echo(f"calibration: {scored.shift}")
        members = "1 model" if scored.members == 1 else f"{scored.members} models"
        reasons = f", reasons in {rejected}" if len(scored.rejected) else ""
        typer.echo(
            printable(
                f"{what}: {len(scored.table)} rows scored by {members}, in {output}; "
                f"{len(scored.rejected)} rejected{reasons}"
            )
        )


def tune(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The configuration of a run whose dataset is made.")],
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment in it that trains.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="YAML", help="Write the best configuration here.")],
    trials: Annotated[int, typer.Option("--trials", min=1, help="How many settings to try, in all.")] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of proposals and trainings.")] = 1,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs", min=1, help="Epochs of each trial. [default: the experiment's own]", show_default=False
        ),
    ] = None,
) -> None:
    """Search for better training settings of one experiment, by what they do on its validation split.

    Run it in the folder of the run. The first trial is the experiment as it is; the others are proposed by Optuna.
    What is written is the configuration with the experiment's settings replaced by those of the best trial. All trials
    stand in `results/<run>/tuning/<experiment>/trials.csv`; a search that was interrupted goes on, and so does one that
    is asked for more trials.
    """
    with one_line_errors():
        if output.suffix not in (".yaml", ".yml"):
            raise LightmillError(f"{output}: the name of the configuration must end in .yaml")
        if output.is_dir():
            raise LightmillError(f"{output}: a folder; name a file to write the configuration to")
        from lightmill.config.model import load_config
        from lightmill.training.tuned_config import write_tuned_config
        from lightmill.training.tuning import best_trial, tuned_settings
        from lightmill.training.tuning import tune as search

        run = load_config(config)
        settings = tuned_settings(run, experiment, epochs)
        done = []
        for trial in search(run, experiment, trials, seed, epochs):
            done.append(trial)
            typer.echo(
                f"trial {trial['trial']} of {trials}: {trial['outcome']} after {trial['epochs']} epochs, "
                f"validation {settings.monitor} {trial['value']:.4f}"
            )
        best = best_trial(done, settings)
        with writing(output):
            write_tuned_config(output, config, experiment, best)
        typer.echo(
            printable(
                f"{output}: settings of trial {best['trial']}, validation {settings.monitor} {best['value']:.4f}; "
                f"as it was {done[0]['value']:.4f}"
            )
        )
