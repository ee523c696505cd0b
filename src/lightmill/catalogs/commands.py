"""`lightmill catalog`: read an archive table, fetch a fresh one, compare two."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from lightmill.errors import ConfigError, LightmillError
from lightmill.terminal import one_line_errors, printable, writing

if TYPE_CHECKING:
    from lightmill.catalogs.differences import Difference
    from lightmill.catalogs.fetching import Fetched
    from lightmill.catalogs.reading import CatalogTable
    from lightmill.config.network import NetworkSettings

REJECTED_SHOWN = 5
CHANGES_SHOWN = 10


class _ReadUnlessNamed(TyperGroup):
    """`lightmill catalog FILE` is `lightmill catalog read FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["read", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ReadUnlessNamed,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Read an archive table, fetch a fresh one, compare two.\n\n"
    "`lightmill catalog FILE` is short for `lightmill catalog read FILE`.",
)


@app.command()
def read(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A catalog as CSV, plain or gzip-compressed: an archive's, or your own."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="Write the signal table here (.parquet, or .csv to look)."),
    ] = None,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", metavar="CSV", help="Write rejected rows here: line, reason, text."),
    ] = None,
) -> None:
    """Read one archive table: say what it is, and turn it into signals.

    Known are the Kepler KOI table, K2 planets and candidates, TESS TOIs (the Exoplanet Archive's and ExoFOP's), the
    ExoMiner vetting catalog, TCE tables (Kepler DR24 and DR25, Yu et al. 2019), and a list of your own. Which one a
    file is, its columns tell. The signal table has one row per signal of this file, labelled by the default policies,
    not yet matched with other tables.
    """
    with one_line_errors():
        from lightmill.catalogs.reading import read_catalog, require_signals
        from lightmill.catalogs.signals import write_signals
        from lightmill.files import write_csv

        if output is not None and output.suffix not in (".parquet", ".csv"):
            raise LightmillError(f"{output}: the name of the signal table must end in .parquet or .csv")
        written = [path for path in (output, rejected) if path is not None]
        if len({path.resolve() for path in (file, *written)}) <= len(written):
            raise LightmillError(f"{written[-1]}: would overwrite another file of this command; choose another name")
        found = read_catalog(file)
        if output is not None:
            with writing(output):
                (write_csv if output.suffix == ".csv" else write_signals)(output, found.signals)
        if rejected is not None:
            with writing(rejected):
                write_csv(rejected, found.rejected)
        _describe(found, _console())
        require_signals(found)
        for path, what in ((output, "signals"), (rejected, "rejected rows")):
            if path is not None:
                typer.echo(f"{what} written to {path}")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="CATALOG", help="koi, k2, toi, exominer or dr25-tce.")],
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where snapshots are kept.", show_default=True)
    ] = Path("data/catalogs"),
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="YAML", help="A configuration; its section `network` says where and how."),
    ] = None,
    tap_url: Annotated[
        str | None, typer.Option("--tap-url", metavar="URL", help="Ask this TAP service instead of `network.tap_url`.")
    ] = None,
    changes: Annotated[
        Path | None, typer.Option("--changes", metavar="CSV", help="Write every change since the last snapshot here.")
    ] = None,
) -> None:
    """Fetch a catalog whole, keep it as a dated snapshot, and say what has changed since the last one.

    Kepler's KOIs (koi), K2's planets and candidates (k2), TESS's TOIs (toi) and the Kepler DR25 TCEs (dr25-tce) come
    with all their columns from the NASA Exoplanet Archive's TAP service, the ExoMiner vetting catalog (exominer) from
    its authors' repository. A snapshot is written only if its content differs from the newest one in the folder.
    """
    with one_line_errors():
        from lightmill.catalogs.differences import empty_difference, write_changes
        from lightmill.catalogs.fetching import fetch_catalog

        typer.echo(f"fetching {printable(name)} ...", err=True)
        fetched = fetch_catalog(name, _network(config, tap_url), folder)
        _report(fetched, _console())
        if changes is not None:
            with writing(changes):
                write_changes(changes, fetched.difference or empty_difference(fetched.snapshot.catalog))
            typer.echo(f"changes written to {changes}")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The older file of a table.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The newer file of the same table.")],
    changes: Annotated[
        Path | None, typer.Option("--changes", metavar="CSV", help="Write every change here, one row each.")
    ] = None,
) -> None:
    """Say what has changed between two files of one table: new and gone signals, dispositions, ephemerides."""
    with one_line_errors():
        from lightmill.catalogs.differences import compare_files, write_changes

        if changes is not None and changes.resolve() in (old.resolve(), new.resolve()):
            raise LightmillError(f"{changes}: would overwrite what is compared; choose another name")
        difference = compare_files(old, new)
        _show(difference, _console())
        if changes is not None:
            with writing(changes):
                write_changes(changes, difference)
            typer.echo(f"changes written to {changes}")


def _network(config: Path | None, tap_url: str | None) -> "NetworkSettings":
    from pydantic import ValidationError

    from lightmill.config.explain import explain
    from lightmill.config.model import load_config
    from lightmill.config.network import NetworkSettings

    settings = NetworkSettings() if config is None else load_config(config).network
    if tap_url is None:
        return settings
    try:
        return NetworkSettings(**{**settings.model_dump(), "tap_url": tap_url})
    except ValidationError as error:
        raise ConfigError(explain(error, NetworkSettings, "network.")) from None


def _report(fetched: "Fetched", console: Console) -> None:
    snapshot = fetched.snapshot
    if snapshot.is_new:
        console.print(Text(f"new snapshot {snapshot.path}"), soft_wrap=True)
    else:
        console.print(Text(f"unchanged: {snapshot.path} holds the same, and is left as it is"), soft_wrap=True)
    _describe(snapshot.catalog, console)
    if fetched.difference is not None:
        console.print(Text(f"since {snapshot.previous}:"), soft_wrap=True)
        _show(fetched.difference, console)
    elif fetched.unread:
        console.print(Text(printable(f"not compared with {snapshot.previous}: {fetched.unread}")), soft_wrap=True)
    elif snapshot.is_new:
        console.print("the first snapshot of this table here: nothing to compare it with")


def _show(difference: "Difference", console: Console) -> None:
    """The numbers of changes, and the first few of each kind."""
    console.print(f"{difference.before:,} signals before, {difference.after:,} after", soft_wrap=True)
    counts, shown = difference.signals, difference.changes
    columns = shown.loc[shown["column"] != "", "column"].value_counts()
    for change, title in _TITLES.items():
        rows = shown.loc[shown["change"] == change]
        named = [f"{name} {columns[name]:,}" for name in dict.fromkeys(rows["column"]) if name]
        of_columns = f" ({', '.join(named)})" if change == "ephemeris" and named else ""
        console.print(Text(f"{title:<21}{counts[change]:>6,}{of_columns}"), soft_wrap=True)
    if shown.empty:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("change", "signal", "target", "column", "old", "new"):
        table.add_column(heading, no_wrap=heading in ("change", "signal", "target"), overflow="fold")
    left = 0
    for _, rows in shown.groupby("change", sort=False):
        for row in rows.head(CHANGES_SHOWN).itertuples(index=False):
            table.add_row(*(Text(printable(cell)[:60]) for cell in row))
        left += max(0, len(rows) - CHANGES_SHOWN)
    console.print(table)
    if left:
        console.print(f"... and {left:,} more; --changes writes them all", soft_wrap=True)


_TITLES = {
    "new": "new signals",
    "gone": "gone signals",
    "target": "changed targets",
    "disposition": "changed dispositions",
    "ephemeris": "changed ephemerides",
}


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False)


def _describe(found: "CatalogTable", console: Console) -> None:
    from lightmill.catalogs.policy import unexpected_dispositions
    from lightmill.config.catalogs import LabelSettings
    from lightmill.files import SEPARATOR

    info, counts = found.info, found.summary
    rejected, merged = sum(counts["rejected"].values()), sum(counts["merged"].values())
    facts = {
        "file": info.path,
        "table": f"{info.title} [{info.table}]",
        "mission": info.mission or ", ".join(sorted(found.signals["mission"].unique())) or "none",
        "snapshot": (info.snapshot_date or "date unknown").replace("T", " "),
        "rows": f"{counts['rows']:,} = {counts['signals']:,} signals + {rejected:,} rejected + {merged:,} merged",
        "targets": f"{found.signals['target_id'].nunique():,}",
        "labels": _counted(found.signals["label"]),
        "flags": _counted(flag for flags in found.signals["flags"] for flag in flags.split(SEPARATOR) if flag)
        or "none",
    }
    for name, value in facts.items():
        console.print(Text(f"{name:<9}", style="bold") + Text(printable(value)), soft_wrap=True)
    console.print(_dispositions(found))
    for name, count in unexpected_dispositions(found.signals, LabelSettings()).items():
        console.print(
            Text(printable(f"warning: disposition {name!r} ({count:,} signals): no rule for it")), soft_wrap=True
        )
    for kind, count in counts["merged"].items():
        console.print(Text(f"merged: {count:,} {kind}"), soft_wrap=True)
    for kind, count in counts["rejected"].items():
        console.print(Text(f"rejected: {count:,} {kind}"), soft_wrap=True)
    for row in found.rejected.head(REJECTED_SHOWN).itertuples():
        console.print(Text(printable(f"  line {row.line}: {row.reason}")), soft_wrap=True)
    if rejected > REJECTED_SHOWN:
        console.print(f"  ... and {rejected - REJECTED_SHOWN:,} more; --rejected writes them all", soft_wrap=True)


def _dispositions(found: "CatalogTable") -> Table:
    labels = found.signals.groupby("disposition")["label"].agg(lambda label: _counted(label))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("disposition")
    for heading in ("rows", "star known", "share"):
        table.add_column(heading, justify="right")
    table.add_column("signals by label")
    for name, count in found.summary["by_disposition"].items():
        label = str(labels.get("" if name == "none" and "none" not in labels else name, ""))
        cells = (printable(name)[:40], f"{count['rows']:,}", f"{count['resolved']:,}", f"{count['share']:.1%}", label)
        table.add_row(*map(Text, cells))
    return table


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(Counter(values).items()))
