"""One shard's signals made into arrays of views, a table beside them, and a manifest that says what became of each."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.config.views import ViewSettings
from lightmill.errors import ViewError
from lightmill.files import sha256_file, write_json, write_npy, write_parquet
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import NotAsFetchedError, read_stored
from lightmill.logs import logger, progress
from lightmill.targets import mission_of
from lightmill.views.making import Outcome, Signal, SignalViews, flatten_star, make_views

SCHEMA_VERSION = 1
IDENTITY = {"signal_id": "str", "target_id": "str", "mission": "str"}
NUMBERS = {
    "period_d": "float64",
    "epoch_bjd": "float64",
    "duration_h": "float64",
    "transits_observed": "int32",
    "cadences": "int64",
    "in_transit_cadences": "int32",
    "empty_bins_global": "int32",
    "empty_bins_local": "int32",
    "depth_ppm": "float64",
    "snr": "float64",
    "scatter_ppm": "float64",
    "scale_global": "float64",
    "scale_local": "float64",
}

Made = tuple[Signal, Outcome, SignalViews | None]
LightCurves = Callable[[str], LightCurve | Outcome]
"""Where light curves come from: that of a target id, or the outcome `no_light_curve` with the reason."""


def stored_light_curves(manifest: str | Path, store: str | Path) -> LightCurves:
    """The light curves of one shard as they were fetched into the store.

    Parameters
    ----------
    manifest : the shard's manifest of light curves (columns target_id, outcome, sha256, ...)
    store : folder of the light-curve store

    What it returns raises ViewError for a target that is not in the manifest: that is another shard's; and
    NotAsFetchedError for one that was fetched, but is no longer in the store as it was.
    """
    fetched = pd.read_parquet(manifest, columns=["target_id", "outcome", "sha256"])
    found = {target: (outcome, sha256) for target, outcome, sha256 in fetched.itertuples(index=False)}

    def light_curve(target_id: str) -> LightCurve | Outcome:
        if target_id not in found:
            raise ViewError(
                f"{manifest}: no row for {target_id}, which has signals; fetch this shard's light curves again"
            )
        outcome, sha256 = found[target_id]
        if outcome != "ok":
            return Outcome("no_light_curve", outcome)
        return read_stored(store, target_id, sha256)

    return light_curve


def make_shard_views(
    signals: str | Path, light_curves: LightCurves, folder: str | Path, settings: ViewSettings
) -> None:
    """Make the views of one shard: `global.npy`, `local.npy`, `meta.parquet`, and `manifest.json` last, in `folder`.

    Parameters
    ----------
    signals : the shard's list of signals (columns signal_id, target_id, period_d, epoch_bjd, duration_h, depth_ppm,
        linked)
    light_curves : gives the light curve of a target, or why there is none; asked for targets with foldable signals
    folder : where the files go
    settings : how the views are made

    Raises NotAsFetchedError, and writes nothing, if light curves are not those that were fetched: a dataset must not
    shrink by what happened to the store. It names all such targets of the shard.
    """
    listed = pd.read_parquet(signals)
    outcomes: dict[str, Outcome] = {}
    rows: list[dict[str, Any]] = []
    arrays: dict[str, list[np.ndarray]] = {"global": [], "local": []}
    lost: dict[str, str] = {}
    stars = [(str(target), _signals(table)) for target, table in listed.groupby("target_id", sort=True)]
    for target_id, of_star in progress(stars, "targets folded"):
        try:
            made = list(_star_views(target_id, of_star, light_curves, settings))
        except NotAsFetchedError as error:
            # The other targets are looked at first, so that one message names all.
            lost |= error.lost
            continue
        for signal, outcome, views in made:
            outcomes[signal.signal_id] = outcome
            if views is not None:
                rows.append(_row(target_id, signal, views))
                for name, stack in arrays.items():
                    stack.append(views.views[name])
    if lost:
        raise NotAsFetchedError(lost)
    _write(Path(folder), rows, arrays, outcomes, settings)


def _signals(table: pd.DataFrame) -> list[Signal]:
    """The signals of one star, by signal_id."""
    ordered = table.sort_values("signal_id")
    columns = (ordered[name] for name in ("signal_id", "period_d", "epoch_bjd", "duration_h", "depth_ppm"))
    linked = [frozenset(cell.split("; ")) - {""} for cell in ordered["linked"]]
    return [Signal(*values) for values in zip(*columns, linked, strict=True)]


def _star_views(
    target_id: str, signals: list[Signal], light_curves: LightCurves, settings: ViewSettings
) -> Iterator[Made]:
    """The outcome of each signal of one star; that there is no light curve is an outcome too."""
    yield from ((signal, Outcome(signal.defect, signal.impossible), None) for signal in signals if signal.defect)
    foldable = [signal for signal in signals if not signal.defect]
    if not foldable:
        return
    light_curve = light_curves(target_id)
    if isinstance(light_curve, Outcome):
        yield from ((signal, light_curve, None) for signal in foldable)
        return
    star = flatten_star(light_curve, signals, settings.detrend)
    for signal in foldable:
        yield signal, *make_views(star, signal, signals, settings)


def _row(target_id: str, signal: Signal, views: SignalViews) -> dict[str, Any]:
    """One row of `meta.parquet`: identity, ephemeris as the catalog has it, measures."""
    return {
        "signal_id": signal.signal_id,
        "target_id": target_id,
        "mission": mission_of(target_id),
        "period_d": signal.period_d,
        "epoch_bjd": signal.epoch_bjd,
        "duration_h": signal.duration_h,
        **views.numbers,
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
    lengths = {"global": settings.global_.length, "local": settings.local.length}
    checksums = {}
    for name, stack in arrays.items():
        stacked = np.zeros((len(rows), lengths[name]), dtype=np.float32)
        for place, row in enumerate(order):
            stacked[place] = stack[row]
        write_npy(folder / f"{name}.npy", stacked)
        checksums[f"{name}.npy"] = sha256_file(folder / f"{name}.npy")
    columns = {**IDENTITY, **NUMBERS}
    meta = pd.DataFrame([rows[row] for row in order], columns=list(columns)).astype(columns)
    write_parquet(folder / "meta.parquet", meta)
    checksums["meta.parquet"] = sha256_file(folder / "meta.parquet")
    write_json(
        folder / "manifest.json",
        {
            "schema_version": SCHEMA_VERSION,
            "views": lengths,
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
