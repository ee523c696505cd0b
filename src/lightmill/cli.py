"""The `lightmill` command."""

from pathlib import Path
from typing import Annotated

import typer

import lightmill
from lightmill.catalogs import commands as catalogs
from lightmill.errors import LightmillError
from lightmill.lightcurves.commands import retry
from lightmill.lightcurves.upkeep import commands as store
from lightmill.search.commands import search
from lightmill.training.commands import score, tune
from lightmill.views.commands import views

app = typer.Typer(
    help="Find planets in starlight: catalogs to labelled signals, light curves, views, trained networks.\n\n"
    "A whole survey runs with `snakemake` in a checkout of the project; these commands look at single pieces.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalogs.app, name="catalog")
app.add_typer(store.app, name="store")
app.command()(retry)
app.command()(search)
app.command()(views)
app.command()(score)
app.command()(tune)


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
