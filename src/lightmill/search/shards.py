"""One shard's ephemerides looked at, and one shard's stars searched; every star's result kept for the next run."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from lightmill.config.search import EphemerisSettings, FindSettings
from lightmill.files import SEPARATOR, read_rows, write_rows
from lightmill.lightcurves.fetched import Fetched
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import NotAsFetchedError
from lightmill.logs import logger, progress
from lightmill.memory import keep_freed_memory
from lightmill.search.cache import Row, cached_rows
from lightmill.search.drift import Errors
from lightmill.search.ephemerides import Ephemeris, star_ephemerides
from lightmill.search.find import find_signals
from lightmill.targets import mission_of
from lightmill.views.signal import AS_LISTED, Signal

EPHEMERIS_COLUMNS = {
    "signal_id": "str",
    "target_id": "str",
    "period_d": "float64",
    "epoch_bjd": "float64",
    "duration_h": "float64",
    "depth_ppm": "float64",
    "linked": "str",
    "ephemeris": "str",
    "first_bjd": "float64",
    "last_bjd": "float64",
    "snr": "float64",
    "gain_sigma": "float64",
    "alias": "float64",
    "shift_durations": "float64",
    "catalog_period_d": "float64",
    "catalog_epoch_bjd": "float64",
    "catalog_duration_h": "float64",
    "catalog_depth_ppm": "float64",
}
FOUND_COLUMNS = {
    "signal_id": "str",
    "target_id": "str",
    "period_d": "float64",
    "epoch_bjd": "float64",
    "duration_h": "float64",
    "depth_ppm": "float64",
    "linked": "str",
    "ephemeris": "str",
    "snr": "float64",
    "false_alarm": "float64",
    "transits": "int64",
    "flags": "str",
}
FOUND = "found"


def search_shard_ephemerides(
    signals: str | Path,
    light_curves: str | Path,
    store: str | Path,
    cache: str | Path,
    settings: EphemerisSettings,
    code: str,
    path: str | Path,
) -> None:
    """Write where the transits of a shard's signals are: EPHEMERIS_COLUMNS, in the order of the list of signals.

    Parameters
    ----------
    signals : the shard's list of signals
    light_curves : the shard's manifest of light curves
    store, cache : folders of the light-curve store, and of what was found before
    settings : what is looked for
    code : digest of the code that looks
    path : parquet file to write

    Raises NotAsFetchedError, and writes nothing, if light curves are not those that were fetched.
    """
    keep_freed_memory()
    stars: dict[str, list[Row]] = {}
    for listed in sorted(read_rows(signals), key=itemgetter("target_id", "signal_id")):
        stars.setdefault(listed["target_id"], []).append(listed)
    fetched = Fetched(light_curves, store)

    def rows_of(target_id: str) -> list[Row]:
        star = stars[target_id]
        checksum = fetched.checksum(target_id)
        if checksum is None:
            return [_as_listed(row) for row in star]
        key = {
            "light_curve": checksum,
            "signals": [{name: _plain(value) for name, value in row.items()} for row in star],
            "settings": settings.model_dump(mode="json"),
            "code": code,
        }
        return cached_rows(
            Path(cache) / "ephemerides",
            target_id,
            key,
            lambda: _ephemerides(fetched.light_curve(target_id), star, settings),
        )

    rows = list(_of_stars(list(stars), rows_of, "stars looked at"))
    write_rows(path, sorted(rows, key=itemgetter("signal_id")), EPHEMERIS_COLUMNS)
    logger.info("%d ephemerides: %s", len(rows), dict(sorted(Counter(row["ephemeris"] for row in rows).items())))


def find_shard_signals(
    targets: str | Path,
    light_curves: str | Path,
    store: str | Path,
    cache: str | Path,
    settings: FindSettings,
    code: str,
    path: str | Path,
) -> None:
    """Write the signals that are found on a shard's stars: FOUND_COLUMNS, by signal_id; parameters as above.

    Signals are called `FOUND <target id>-<number>`, 01 the strongest. Raises NotAsFetchedError, and writes nothing, if
    light curves are not those that were fetched.
    """
    keep_freed_memory()
    stars = [row["target_id"] for row in read_rows(targets)]
    fetched = Fetched(light_curves, store)

    def rows_of(target_id: str) -> list[Row]:
        checksum = fetched.checksum(target_id)
        if checksum is None:
            return []
        key = {"light_curve": checksum, "settings": settings.model_dump(mode="json"), "code": code}
        return cached_rows(
            Path(cache) / "found", target_id, key, lambda: found_rows(fetched.light_curve(target_id), settings)
        )

    rows = list(_of_stars(sorted(stars), rows_of, "stars searched"))
    write_rows(path, sorted(rows, key=itemgetter("signal_id")), FOUND_COLUMNS)
    logger.info("%d signals on %d of %d stars", len(rows), len({row["target_id"] for row in rows}), len(stars))


def _of_stars(stars: list[str], rows_of: Callable[[str], list[Row]], what: str) -> Iterator[Row]:
    """The rows of star after star; of stars whose light curves are not as fetched all are looked at, then named."""
    lost: dict[str, str] = {}
    for target_id in progress(stars, what):
        try:
            yield from rows_of(target_id)
        except NotAsFetchedError as error:
            lost |= error.lost
    if lost:
        raise NotAsFetchedError(lost)


def _ephemerides(light_curve: LightCurve, star: list[Row], settings: EphemerisSettings) -> list[Row]:
    """One star's rows."""
    signals = [_signal(row) for row in star]
    errors = {row["signal_id"]: Errors(row["period_err_d"], row["epoch_err_d"]) for row in star}
    found = star_ephemerides(light_curve, signals, settings.detrend_of(light_curve.mission), errors)
    return [_row(row, ephemeris, settings) for row, ephemeris in zip(star, found, strict=True)]


def _signal(row: Row) -> Signal:
    """A row of the list of signals."""
    linked = frozenset(row["linked"].split(SEPARATOR)) - {""}
    return Signal(
        row["signal_id"], row["period_d"], row["epoch_bjd"], row["duration_h"], row["depth_ppm"], linked=linked
    )


def _row(listed: Row, found: Ephemeris, settings: EphemerisSettings) -> Row:
    """A signal as it was found, or as it is listed where nobody wants that changed."""
    wanted = dict.fromkeys(("refined", "ephemeris_stale"), settings.refine)
    wanted |= dict.fromkeys(("completed", "not_found"), settings.complete)
    if not wanted.get(found.status, True):
        return _as_listed(listed)
    said = asdict(found)
    first, last = said.pop("fold_from_bjd"), said.pop("fold_to_bjd")
    return {
        **said,
        "target_id": listed["target_id"],
        "linked": listed["linked"],
        "ephemeris": said.pop("status"),
        "gain_sigma": said.pop("gain"),
        "first_bjd": -np.inf if np.isnan(first) else first,
        "last_bjd": np.inf if np.isnan(last) else last,
    }


def _as_listed(listed: Row) -> Row:
    """A signal that nothing was found of."""
    ephemeris = {name: listed[name] for name in ("period_d", "epoch_bjd", "duration_h", "depth_ppm")}
    return {
        **ephemeris,
        **{f"catalog_{name}": value for name, value in ephemeris.items()},
        **{name: listed[name] for name in ("signal_id", "target_id", "linked")},
        "ephemeris": _signal(listed).defect or AS_LISTED,
        "first_bjd": -np.inf,
        "last_bjd": np.inf,
        "snr": np.nan,
        "gain_sigma": 0.0,
        "alias": 1.0,
        "shift_durations": 0.0,
    }


def found_rows(light_curve: LightCurve, settings: FindSettings) -> list[Row]:
    """What is found on one star, the strongest first, as FOUND_COLUMNS."""
    target_id = light_curve.target_id
    return [
        {
            **signal._asdict(),
            "signal_id": f"FOUND {target_id}-{number:02d}",
            "target_id": target_id,
            "linked": "",
            "ephemeris": FOUND,
            "flags": SEPARATOR.join(signal.flags),
        }
        for number, signal in enumerate(
            find_signals(light_curve, settings.detrend_of(mission_of(target_id)), **settings.limits()), start=1
        )
    ]


def _plain(value: Any) -> Any:
    """A cell of a list of signals as JSON can hold it."""
    if isinstance(value, str):
        return value
    return repr(float(value))
