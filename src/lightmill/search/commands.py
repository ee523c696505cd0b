"""`lightmill search`: the periodic dips in one star's files."""

from pathlib import Path
from typing import Annotated

import typer

from lightmill.errors import LightmillError
from lightmill.terminal import one_line_errors, writing


def search(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="The FITS light curves of one star, any number of segments."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CSV", help="Write the signals here.")],
    shortest_period_d: Annotated[float, typer.Option("--shortest-period-d", help="Shortest period in days.")] = 0.15,
    longest_period_d: Annotated[
        float | None,
        typer.Option(
            "--longest-period-d",
            help="Longest period in days. [default: half of what the files span]",
            show_default=False,
        ),
    ] = None,
    signals: Annotated[int, typer.Option("--signals", help="End with so many.")] = 8,
    least_snr: Annotated[float, typer.Option("--least-snr", help="Leave out weaker signals.")] = 7.0,
    most_false_alarm: Annotated[
        float,
        typer.Option(
            "--most-false-alarm",
            help="Leave out signals that the star's noise makes more often. Where too few blocks of periods tell how "
            "often that is, they are kept.",
        ),
    ] = 0.01,
    least_transits: Annotated[int, typer.Option("--least-transits", help="Leave out signals of fewer transits.")] = 3,
) -> None:
    """Search one star for periodic dips, whatever is known of it.

    The table has one row per signal, the strongest first: `period_d`, `epoch_bjd` (BJD_TDB, near the middle of the
    data), `duration_h`, `depth_ppm`, `snr`, then `false_alarm` (the chance that this star's noise makes such a signal;
    empty where too few blocks of periods tell it), `transits` (observed) and `flags`. One without rows means that
    nothing was found, or that there was nothing to search: the last line says which.
    """
    with one_line_errors():
        if output.suffix != ".csv":
            raise LightmillError(f"{output}: the name of the table must end in .csv")
        import pandas as pd
        from pydantic import ValidationError

        from lightmill.config.explain import explain
        from lightmill.config.search import FindSettings
        from lightmill.files import write_csv
        from lightmill.lightcurves.files import read_light_curve_files
        from lightmill.search.shards import FOUND_COLUMNS, found_rows
        from lightmill.search.unsearched import why_not_searched

        try:
            settings = FindSettings(
                shortest_period_d=shortest_period_d,
                longest_period_d=longest_period_d,
                signals_per_star=signals,
                least_snr=least_snr,
                most_false_alarm=most_false_alarm,
                least_transits=least_transits,
            )
        except ValidationError as error:
            raise LightmillError(explain(error, FindSettings)) from None
        light_curve = read_light_curve_files(files)
        # All but what tells this star's signals from others'.
        columns = [name for name in FOUND_COLUMNS if name not in ("signal_id", "target_id", "linked", "ephemeris")]
        found = pd.DataFrame(found_rows(light_curve, settings), columns=columns)
        with writing(output):
            write_csv(output, found)
        for row in found.to_dict("records"):
            flags = f", {row['flags']}" if row["flags"] else ""
            typer.echo(
                f"P = {row['period_d']:.6g} d, epoch BJD {row['epoch_bjd']:.5f}, {row['duration_h']:.2f} h, "
                f"{row['depth_ppm']:,.0f} ppm, S/N {row['snr']:.1f}{flags}"
            )
        reason = why_not_searched(light_curve, settings) if found.empty else ""
        result = f"not searched: {reason}; no signals" if reason else f"{len(found)} signals"
        typer.echo(f"{light_curve.target_id}: {result}, in {output}")
