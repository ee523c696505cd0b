"""`lightmill store`: is the store whole, what is in it, what can go."""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lightmill.errors import LightmillError
from lightmill.lightcurves.commands import CONFIG
from lightmill.terminal import one_line_errors, printable

if TYPE_CHECKING:
    from lightmill.lightcurves.upkeep.counting import MissionStats, StoreStats
    from lightmill.lightcurves.upkeep.garbage import Garbage
    from lightmill.lightcurves.upkeep.verifying import Fault

SHOWN = 20

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Look after the light-curve store: is it whole, what is in it, what can go.\n\n"
    "Which store: `--store DIR`, or the `store` of `--config FILE`; without either that of config.yaml.",
)
StoreOption = Annotated[Path | None, typer.Option("--store", metavar="DIR", help="The folder of the store.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A configuration, whose `store` is meant.")
]


@app.command()
def verify(
    store: StoreOption = None,
    config: ConfigOption = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--run", metavar="RESULTS/RUN", help="Compare with the manifests of this run too; repeatable."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove what is damaged.")] = False,
) -> None:
    """Read every light curve, remembered answer, kept FITS file and list of a sector, and name those that are damaged.

    With --run also the light curves that a run counts as `ok` and that are missing, or not the ones it fetched. Nothing
    is changed without --remove. The exit status is 1 if anything is not as it should be.
    """
    with one_line_errors():
        from lightmill.lightcurves.store import FETCH_AGAIN
        from lightmill.lightcurves.upkeep.verifying import verify_store

        folder = _store_folder(store, config)
        found = verify_store(folder, runs or [], remove)
        _list_faults(found.damaged)
        _list_faults(found.lost)
        counts = found.counts
        _say(
            f"{folder}: {counts['light_curve']:,} light curves, {counts['answer']:,} remembered answers, "
            f"{counts['kept']:,} kept FITS files, {counts['sector_list']:,} lists of sectors: "
            f"{len(found.damaged):,} damaged"
        )
        if runs:
            _say(f"{found.manifests:,} manifests: {len(found.lost):,} light curves or manifests not as they should be")
        for paths, what in ((found.links, "links, not followed"), (found.foreign, "not the store's, left alone")):
            if paths:
                _say(f"{len(paths):,} {what}: {_some(map(str, paths), 3)}")
        if found.damaged and not remove:
            _say("--remove removes what is damaged, so that it is fetched again")
        if found.damaged or found.lost:
            _say(f"fetch again what a run needs: {FETCH_AGAIN}")
            raise typer.Exit(1)


@app.command()
def stats(
    store: StoreOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is in the store, by mission."""
    with one_line_errors():
        from lightmill.lightcurves.upkeep.counting import store_stats

        found = store_stats(_store_folder(store, config))
        if as_json:
            # (asdict would count the pairs of a Counter.)
            typer.echo(
                json.dumps(
                    found, indent=2, default=lambda one: {key.name: getattr(one, key.name) for key in fields(one)}
                )
            )
        else:
            _show_stats(found)


@app.command()
def gc(
    store: StoreOption = None,
    config: ConfigOption = None,
    fits: Annotated[bool, typer.Option("--fits", help="The kept FITS files too.")] = False,
    unused: Annotated[
        list[Path] | None,
        typer.Option(
            "--unused",
            metavar="RESULTS",
            help="Also light curves that no run in this folder has in use; repeat it for every folder of results whose "
            "runs share the store.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this it is only listed.")] = False,
) -> None:
    """List what nobody needs, and remove it with --yes.

    That is: what unfinished targets left behind (the next run would go on with it), files of writers that are gone, and
    answers about targets that were stored since. Targets that a run works on are left alone. Links are not followed.
    """
    with one_line_errors():
        from lightmill.lightcurves.upkeep.garbage import find_garbage, remove_garbage

        folder = _store_folder(store, config)
        found = find_garbage(folder, fits, unused or [])
        if not yes:
            _list_garbage([garbage for garbage in found if not garbage.in_use], "would go")
            _list_garbage([garbage for garbage in found if garbage.in_use], "in use, would stay")
            _say("nothing was removed; --yes removes it" if found else f"{folder}: nothing to remove")
            return
        removed, left = remove_garbage(folder, found)
        _list_garbage(removed, "removed")
        _list_garbage(left, "in use or changed meanwhile, left alone")
        if not found:
            _say(f"{folder}: nothing to remove")


@app.command()
def forget(
    targets: Annotated[list[str] | None, typer.Argument(metavar="TARGET", help="As in 'KIC 11442793'.")] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="absent|corrupt", help="All that are remembered as this.")
    ] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Forget that an archive had no file of a target (`absent`) or a bad one (`corrupt`), so that it is asked again."""
    with one_line_errors():
        from lightmill.lightcurves.store import FETCH_AGAIN
        from lightmill.lightcurves.upkeep import answers

        folder = _store_folder(store, config)
        named = _targets(targets or [])
        if bool(named) == (outcome is not None):
            raise LightmillError(
                "name TARGETs, or one --outcome (absent or corrupt); see lightmill store forget --help"
            )
        if outcome is not None:
            if outcome not in answers.ANSWERS:
                raise LightmillError(f"--outcome {outcome!r}: expected {' or '.join(answers.ANSWERS)}")
            named = answers.targets_remembered_as(folder, outcome)
        found = answers.forget(folder, named)
        _say(f"{folder}: forgotten what was remembered of {len(found.forgotten):,} targets")
        if found.unknown:
            _say(f"nothing was remembered of {_some(found.unknown, SHOWN)}")
        if found.forgotten:
            _say(f"to have the archive asked again: {FETCH_AGAIN}")
        if found.in_use:
            raise LightmillError(
                f"a run works on {_some(found.in_use, SHOWN)}: left alone; forget them when it is over"
            )


def _store_folder(store: Path | None, config: Path | None) -> Path:
    from lightmill.config.model import Config, load_config

    if store is not None and config is not None:
        raise LightmillError("--store and --config: give one of the two")
    if store is not None:
        return store
    if config is None and not CONFIG.exists():
        return Path(Config.model_fields["store"].default)
    return Path(load_config(config or CONFIG).store)


def _targets(words: list[str]) -> list[str]:
    """Target ids, whether a shell was told to keep their two words together or not."""
    from lightmill.targets import target_number

    found = re.findall(r"(?:KIC|EPIC|TIC)\s*[0-9]+(?=\s|$)|\S+", " ".join(words))
    named = [re.sub(r"^(KIC|EPIC|TIC)\s*0*", r"\1 ", word) for word in found]
    for target_id in named:
        target_number(target_id)
    return named


def _say(text: str) -> None:
    typer.echo(printable(text))


def _some(names: Iterable[str], most: int) -> str:
    items = list(names)
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.2f} TB"


def _list_faults(faults: "list[Fault]") -> None:
    for fault in faults:
        _say(f"{fault.path}: {fault.reason}{' (removed)' if fault.removed else ''}")


def _list_garbage(found: "list[Garbage]", what: str) -> None:
    from lightmill.lightcurves.upkeep.garbage import REASONS

    by_reason: defaultdict[str, list[Garbage]] = defaultdict(list)
    for garbage in found:
        by_reason[garbage.reason].append(garbage)
        _say(f"{_size(garbage.size_bytes):>10}  {garbage.place}")
    for reason, several in by_reason.items():
        files = sum(len(garbage.entries) for garbage in several)
        size = _size(sum(garbage.size_bytes for garbage in several))
        _say(f"{what}: {files:,} files, {size}, each {REASONS[reason]}")


def _show_stats(found: "StoreStats") -> None:
    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for mission in found.missions:
        table.add_column(mission, justify="right")
    missions = list(found.missions.values())
    values: dict[str, Callable[[MissionStats], str]] = {
        "targets": lambda one: f"{one.targets:,}",
        "segments": lambda one: f"{one.segments:,}",
        "cadences": lambda one: f"{one.cadences:,}",
        "light curves take": lambda one: _size(one.light_curve_bytes),
        "damaged": lambda one: f"{one.damaged:,}",
        "kept FITS": lambda one: f"{one.kept_fits:,} ({_size(one.kept_fits_bytes)})",
        "staged files": lambda one: f"{one.staged_files:,} ({_size(one.staged_bytes)})",
    }
    rows = {heading: [value(one) for one in missions] for heading, value in values.items()}
    for author in sorted({author for one in missions for author in one.files_by_author}):
        rows[f"files of {author}"] = [f"{one.files_by_author[author]:,}" for one in missions]
    for outcome in sorted({outcome for one in missions for outcome in one.answers}):
        rows[f"remembered as {outcome}"] = [f"{one.answers[outcome]:,}" for one in missions]
    for heading, cells in rows.items():
        table.add_row(*(Text(printable(cell)) for cell in (heading, *cells)))
    if missions:
        console.print(table)
    rest = f"{found.sector_lists:,} lists of sectors, {found.temporary_files:,} unfinished writes, "
    rest += f"{found.foreign_files:,} files that are not the store's"
    console.print(Text(printable(f"{found.store}: {_size(found.total_bytes)} in all; {rest}")), soft_wrap=True)
