"""The `lightmill` command."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import lightmill
from lightmill.errors import LightmillError

if TYPE_CHECKING:
    from lightmill.catalogs.reading import CatalogTable

REJECTED_SHOWN = 5

app = typer.Typer(
    help="Find planets in starlight: catalogs to labelled signals, light curves, views, trained networks.\n\n"
    "A whole survey runs with `snakemake` in a checkout of the project; these commands look at single pieces.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lightmill {lightmill.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors of our own family go to stderr on one line, with exit status 1 and no traceback."""
    try:
        yield
    except LightmillError as error:
        typer.echo(f"error: {' '.join(_printable(str(error)).split())}", err=True)
        raise typer.Exit(1) from None


@app.command()
def config(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A configuration to check.")] = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="JSON", help="Write the configuration's JSON schema here.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", metavar="MD", help="Write a page with every key and its default here.")
    ] = None,
) -> None:
    """Check a configuration, and write out what may stand in one.

    A wrong key or value is named, with what was expected and the nearest valid name; every fault gets a line.
    """
    from lightmill.config.documents import config_schema, config_table
    from lightmill.config.model import load_config
    from lightmill.files import write_text

    if schema is not None:
        write_text(schema, config_schema())
    if table is not None:
        write_text(table, config_table())
    if file is not None:
        try:
            found = load_config(file)
        except LightmillError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None
        missions = ", ".join(found.missions()) or "none"
        typer.echo(
            f"{file}: run {found.run!r}; light curves of {missions}; "
            f"{len(found.imported_views)} imported sets of views; {len(found.experiments)} experiments"
        )
    elif schema is None and table is None:
        typer.echo("error: name a FILE to check, or ask for --schema or --table; see lightmill config --help", err=True)
        raise typer.Exit(2)


@app.command()
def catalog(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A catalog as an archive offers it: CSV, plain or gzip-compressed.")
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
    ExoMiner vetting catalog, and TCE tables (Kepler DR24 and DR25, Yu et al. 2019). Which one a file is, its columns
    tell. The signal table has one row per signal of this file, labelled by the default policies, not yet matched with
    other tables.
    """
    with one_line_errors():
        from lightmill.catalogs.reading import read_catalog, require_signals

        if output is not None and output.suffix not in (".parquet", ".csv"):
            raise LightmillError(f"{output}: the name of the signal table must end in .parquet or .csv")
        written = [path for path in (output, rejected) if path is not None]
        if len({path.resolve() for path in (file, *written)}) <= len(written):
            raise LightmillError(f"{written[-1]}: would overwrite another file of this command; choose another name")
        found = read_catalog(file)
        if output is not None:
            _write_signals(found, output)
        if rejected is not None:
            _write_rejected(found, rejected)
        _describe(found, Console(file=sys.stdout, highlight=False))
        require_signals(found)
        for path, what in ((output, "signals"), (rejected, "rejected rows")):
            if path is not None:
                typer.echo(f"{what} written to {path}")


def _write_signals(found: "CatalogTable", path: Path) -> None:
    from lightmill.catalogs.signals import write_signals
    from lightmill.files import write_csv

    with _writing(path):
        if path.suffix == ".csv":
            write_csv(path, found.signals)
        else:
            write_signals(path, found.signals)


def _write_rejected(found: "CatalogTable", path: Path) -> None:
    from lightmill.files import write_csv

    with _writing(path):
        write_csv(path, found.rejected)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LightmillError(f"{path}: cannot be written: {error.strerror or error}") from None


def _describe(found: "CatalogTable", console: Console) -> None:
    from lightmill.catalogs.policy import unexpected_dispositions
    from lightmill.config.catalogs import LabelSettings

    info, counts = found.info, found.summary
    rejected, merged = sum(counts["rejected"].values()), sum(counts["merged"].values())
    facts = {
        "file": info.path,
        "table": f"{info.title} [{info.table}]",
        "mission": info.mission,
        "snapshot": (info.snapshot_date or "date unknown").replace("T", " "),
        "rows": f"{counts['rows']:,} = {counts['signals']:,} signals + {rejected:,} rejected + {merged:,} merged",
        "targets": f"{found.signals['target_id'].nunique():,}",
        "labels": _counted(found.signals["label"]),
        "flags": _counted(flag for flags in found.signals["flags"] for flag in flags.split("; ") if flag) or "none",
    }
    for name, value in facts.items():
        console.print(Text(f"{name:<9}", style="bold") + Text(_printable(value)), soft_wrap=True)
    console.print(_dispositions(found))
    for name, count in unexpected_dispositions(found.signals, LabelSettings()).items():
        console.print(
            Text(_printable(f"warning: disposition {name!r} ({count:,} signals): no rule for it")), soft_wrap=True
        )
    for kind, count in counts["merged"].items():
        console.print(Text(f"merged: {count:,} {kind}"), soft_wrap=True)
    for kind, count in counts["rejected"].items():
        console.print(Text(f"rejected: {count:,} {kind}"), soft_wrap=True)
    for row in found.rejected.head(REJECTED_SHOWN).itertuples():
        console.print(Text(_printable(f"  line {row.line}: {row.reason}")), soft_wrap=True)
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
        cells = (_printable(name)[:40], f"{count['rows']:,}", f"{count['resolved']:,}", f"{count['share']:.1%}", label)
        table.add_row(*map(Text, cells))
    return table


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(Counter(values).items()))


def _printable(text: str) -> str:
    """Text without control characters, so that no cell of a catalog can drive the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
