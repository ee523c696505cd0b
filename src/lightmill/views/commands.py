"""`lightmill views`: one star's files made into the views of one signal."""

from pathlib import Path
from typing import Annotated

import typer

from lightmill.errors import LightmillError
from lightmill.terminal import one_line_errors, printable, writing


def views(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="The FITS light curves of one star, any number of segments."),
    ],
    period_d: Annotated[float, typer.Option("--period-d", help="Period in days.")],
    epoch_bjd: Annotated[float, typer.Option("--epoch-bjd", help="Middle of any transit, BJD_TDB in full.")],
    duration_h: Annotated[float, typer.Option("--duration-h", help="Duration of the transit in hours.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="NPZ", help="Write the views here.")],
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="PNG", help="Draw them here. [default: beside the views]", show_default=False),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="YAML", help="Make them as this configuration says (its section `views`)."),
    ] = None,
) -> None:
    """Make the views of one signal from its star's files, as arrays and as a figure.

    The file has one row, and of the keys of an exported dataset (docs/datasets.md) those that need no catalog:
    `global_view`, `local_view`, the further views, each with its scatter and counts; `signal_id`, `target_id`,
    `mission`; `ephemeris`, `period_d`, `epoch_bjd`, `duration_h`; the numbers measured on the views; and `scale`.
    """
    with one_line_errors():
        if output.suffix != ".npz":
            raise LightmillError(f"{output}: the name of the views must end in .npz")
        from lightmill.config.model import load_config
        from lightmill.config.views import Views
        from lightmill.lightcurves.files import read_light_curve_files
        from lightmill.views.figure import plot_signal_views
        from lightmill.views.single import make_signal_views, write_signal_views

        chosen = Views() if config is None else load_config(config).views
        light_curve = read_light_curve_files(files)
        settings = chosen.of_mission(light_curve.mission)
        signal, made = make_signal_views(light_curve, period_d, epoch_bjd, duration_h, settings)
        with writing(output):
            write_signal_views(output, light_curve, signal, made, settings)
        drawn = figure if figure is not None else output.with_suffix(".png")
        title = f"{light_curve.target_id}: P = {period_d:.6g} d, {len(light_curve.segments)} segments"
        with writing(drawn):
            plot_signal_views(drawn, made, signal, settings, title)
        numbers = made.numbers
        typer.echo(
            printable(
                f"{light_curve.target_id}: {numbers['transits_observed']} transits, "
                f"depth {numbers['depth_ppm']:,.0f} ppm, S/N {numbers['snr']:.1f}"
            )
        )
        typer.echo(f"views in {output}, drawn in {drawn}")
