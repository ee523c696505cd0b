"""One shard's signals made into arrays of views, a table beside them, and a manifest that says what became of each."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightmill.config.views import ViewSettings
from lightmill.files import SEPARATOR, read_rows, sha256_file, write_json, write_npy, write_rows
from lightmill.lightcurves.fetched import Fetched
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import NotAsFetchedError
from lightmill.logs import logger, progress
from lightmill.memory import keep_freed_memory
from lightmill.targets import mission_of
from lightmill.views.flatten import flatten_for_views
from lightmill.views.layout import MEASURES, STAR_COLUMNS, array_layout, presence_column
from lightmill.views.making import Outcome, SignalViews, make_views
from lightmill.views.signal import AS_LISTED, Signal

SCHEMA_VERSION = 2
IDENTITY = {"signal_id": "str", "target_id": "str", "mission": "str"}
EPHEMERIS = {"period_d": "float64", "epoch_bjd": "float64", "duration_h": "float64", "ephemeris": "str"}


class Made(NamedTuple):
    """What became of a signal."""

    signal: Signal
    outcome: Outcome
    views: SignalViews | None = None
    star: Mapping[str, float] = {}
    """What the light curve says of the star, by column."""


LightCurves = Callable[[str], LightCurve | Outcome]
"""Where light curves come from: that of a target id, or the outcome `no_light_curve` with the reason."""


def stored_light_curves(manifest: str | Path, store: str | Path) -> LightCurves:
    """The light curves of one shard as they were fetched into the store.

    Parameters
    ----------
    manifest : the shard's manifest of light curves (columns target_id, outcome, sha256, ...)
    store : folder of the light-curve store

    What it returns raises LightCurveError for a target that is not in the manifest: that is another shard's; and
    NotAsFetchedError for one that was fetched, but is no longer in the store as it was.
    """
    fetched = Fetched(manifest, store)

    def light_curve(target_id: str) -> LightCurve | Outcome:
        outcome = fetched.outcome(target_id)
        return fetched.light_curve(target_id) if outcome == "ok" else Outcome("no_light_curve", outcome)

    return light_curve


def make_shard_views(
    signals: str | Path, light_curves: LightCurves, folder: str | Path, settings: ViewSettings
) -> None:
    """Make the views of one shard: the arrays, `meta.parquet`, and `manifest.json` last, in `folder`.

    Parameters
    ----------
    signals : the shard's list of signals (columns signal_id, target_id, period_d, epoch_bjd, duration_h, depth_ppm,
        linked), or what a search made of it (and ephemeris, first_bjd, last_bjd)
    light_curves : gives the light curve of a target, or why there is none; asked for targets with foldable signals
    folder : where the files go
    settings : how the views are made

    Raises NotAsFetchedError, and writes nothing, if light curves are not those that were fetched: a dataset must not
    shrink by what happened to the store. It names all such targets of the shard.
    """
    keep_freed_memory()
    stars: dict[str, list[Signal]] = {}
    for row in sorted(read_rows(signals), key=itemgetter("target_id", "signal_id")):
        stars.setdefault(row["target_id"], []).append(_signal(row))
    outcomes: dict[str, Outcome] = {}
    rows: list[dict[str, Any]] = []
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in array_layout(settings)}
    lost: dict[str, str] = {}
    for target_id, of_star in progress(stars.items(), "targets folded"):
        try:
            made = list(_star_views(target_id, of_star, light_curves, settings))
        except NotAsFetchedError as error:
            # The other targets are looked at first, so that one message names all.
            lost |= error.lost
            continue
        for each in made:
            outcomes[each.signal.signal_id] = each.outcome
            if each.views is not None:
                rows.append(_row(target_id, each, each.views))
                for name, stack in arrays.items():
                    stack.append(each.views.arrays[name])
    if lost:
        raise NotAsFetchedError(lost)
    _write(Path(folder), rows, arrays, outcomes, settings)


def _signal(row: dict[str, Any]) -> Signal:
    """A row of the list of signals."""
    return Signal(
        row["signal_id"],
        row["period_d"],
        row["epoch_bjd"],
        row["duration_h"],
        row["depth_ppm"],
        linked=frozenset(row["linked"].split(SEPARATOR)) - {""},
        ephemeris=row.get("ephemeris", AS_LISTED),
        first_bjd=row.get("first_bjd", -np.inf),
        last_bjd=row.get("last_bjd", np.inf),
    )


def _star_views(
    target_id: str, signals: list[Signal], light_curves: LightCurves, settings: ViewSettings
) -> Iterator[Made]:
    """The outcome of each signal of one star; that there is no light curve is an outcome too."""
    yield from (Made(signal, Outcome(signal.defect, signal.impossible)) for signal in signals if signal.defect)
    foldable = [signal for signal in signals if not signal.defect]
    if not foldable:
        return
    light_curve = light_curves(target_id)
    if isinstance(light_curve, Outcome):
        yield from (Made(signal, light_curve) for signal in foldable)
        return
    star = flatten_for_views(light_curve, signals, settings)
    said = {column: getattr(light_curve, name) for column, name in STAR_COLUMNS.items()}
    for signal in foldable:
        outcome, views = make_views(star, signal, signals, settings)
        yield Made(signal, outcome, views, said)


def _row(target_id: str, made: Made, views: SignalViews) -> dict[str, Any]:
    """One row of `meta.parquet`: identity, the ephemeris that was folded on, measures, what is said of the star."""
    signal = made.signal
    return {
        "signal_id": signal.signal_id,
        "target_id": target_id,
        "mission": mission_of(target_id),
        "period_d": signal.period_d,
        "epoch_bjd": signal.epoch_bjd,
        "duration_h": signal.duration_h,
        "ephemeris": signal.ephemeris,
        **views.numbers,
        **{presence_column(view): present for view, present in views.present.items()},
        **made.star,
    }


def _write(
    folder: Path,
    rows: list[dict[str, Any]],
    arrays: dict[str, list[np.ndarray]],
    outcomes: dict[str, Outcome],
    settings: ViewSettings,
) -> None:
    """Write the shard's files, rows sorted by signal_id, the manifest last."""
    order = sorted(range(len(rows)), key=lambda row: rows[row]["signal_id"])
    layout = array_layout(settings)
    checksums = {}
    for name, stack in arrays.items():
        stacked = np.zeros((len(rows), *layout[name].shape), dtype=layout[name].dtype)
        for place, row in enumerate(order):
            stacked[place] = stack[row]
        write_npy(folder / f"{name}.npy", stacked)
        checksums[f"{name}.npy"] = sha256_file(folder / f"{name}.npy")
    presence = dict.fromkeys(map(presence_column, settings.more), "bool")
    columns = {**IDENTITY, **EPHEMERIS, **MEASURES, **presence, **dict.fromkeys(STAR_COLUMNS, "float64")}
    write_rows(folder / "meta.parquet", [rows[row] for row in order], columns)
    checksums["meta.parquet"] = sha256_file(folder / "meta.parquet")
    write_json(
        folder / "manifest.json",
        {
            "schema_version": SCHEMA_VERSION,
            "arrays": {name: form._asdict() for name, form in layout.items()},
            "settings": settings.model_dump(by_alias=True),
            "rows": len(rows),
            "counts": dict(Counter(outcome.outcome for outcome in outcomes.values())),
            "outcomes": {
                signal_id: {"outcome": outcome.outcome, "detail": outcome.detail}
                for signal_id, outcome in outcomes.items()
            },
            "sha256": checksums,
        },
    )
    logger.info("%d signals: %s", len(outcomes), dict(sorted(Counter(o.outcome for o in outcomes.values()).items())))
