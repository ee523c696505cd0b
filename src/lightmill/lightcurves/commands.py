"""`lightmill retry`: what is worth fetching again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lightmill.terminal import one_line_errors, printable

if TYPE_CHECKING:
    from lightmill.lightcurves.retry import Retries, ShardRetry

CONFIG = Path("config.yaml")


def retry(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration of the run.")] = CONFIG,
) -> None:
    """Name the shards that are worth fetching again now; `make retry` does so with them.

    Printed are the manifests of the shards with `transient` targets whose wait is over (`network.retry_wait_s`, doubled
    with each failure in a row, at most a day), on one line, for `snakemake --forcerun`. All else goes to stderr.
    """
    with one_line_errors():
        from lightmill.config.model import load_config
        from lightmill.lightcurves.retry import due_shards

        settings = load_config(file)
        now = datetime.now(UTC)
        shards = {mission: archive.shards for mission, archive in settings.archives.by_mission().items()}
        folder = Path("results") / settings.run
        found = due_shards(folder, settings.network, now, shards)
        for fault in found.unreadable:
            typer.echo(f"warning: {printable(fault)}", err=True)
        _explain(found, folder, now)
        if settings.network.offline and found.due:
            typer.echo("but network.offline: nothing would be asked; set it to false", err=True)
        elif found.due:
            # Names of runs, missions and shards have nothing in them that means something to a shell.
            typer.echo(" ".join(shard.manifest.as_posix() for shard in found.due))


def _explain(found: "Retries", folder: Path, now: datetime) -> None:
    shards = [*found.due, *found.waiting]
    if not found.manifests:
        typer.echo(f"{folder}: no manifest of light curves yet; run the pipeline first", err=True)
        return
    typer.echo(f"{folder}: {_count(shards)}, of {found.manifests:,}", err=True)
    if found.due:
        typer.echo(f"worth fetching again now: {_count(list(found.due))}", err=True)
    if found.waiting:
        due_at = found.waiting[0].due_at or now
        minutes = (due_at - now).total_seconds() / 60
        typer.echo(
            f"to be left alone for now: {_count(list(found.waiting))}; the next is due in {minutes:,.1f} min "
            f"({due_at.astimezone().isoformat(timespec='seconds')})",
            err=True,
        )


def _count(shards: "list[ShardRetry]") -> str:
    targets = sum(len(shard.targets) for shard in shards)
    return f"{targets:,} transient target{_plural(targets)} in {len(shards):,} shard{_plural(len(shards))}"


def _plural(count: int) -> str:
    return "" if count == 1 else "s"
