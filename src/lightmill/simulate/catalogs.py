"""The catalogs of a simulated survey, in the archives' formats, and the truth about every signal."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from lightmill.config.simulation import SimulationSettings
from lightmill.files import write_parquet, write_text
from lightmill.logs import logger
from lightmill.simulate import archive_columns
from lightmill.simulate.archive_csv import write_archive_csv
from lightmill.simulate.catalog_exominer import exominer_rows
from lightmill.simulate.catalog_k2pandc import k2_rows, planet_name
from lightmill.simulate.catalog_koi import koi_name, koi_row
from lightmill.simulate.catalog_toi import toi_name, toi_row
from lightmill.simulate.eclipses import Orbit
from lightmill.simulate.glitches import Glitches
from lightmill.simulate.listing import Listed, list_signals
from lightmill.simulate.paths import simulated_missions
from lightmill.simulate.seeds import deal, generator
from lightmill.targets import Mission

_LISTS: dict[Mission, tuple[str, ...]] = {"Kepler": ("koi",), "K2": ("k2pandc",), "TESS": ("toi", "exominer")}


def write_catalogs(settings: SimulationSettings, catalogs: Mapping[str, str | Path], truth: str | Path) -> None:
    """Write the tables in `catalogs` (kind of table to path, as `simulated_catalogs` gives) and the truth table."""
    listed = {mission: list_signals(settings, mission) for mission in simulated_missions(settings)}
    for mission in listed:
        for table in _LISTS[mission]:
            _WRITERS[table](settings, listed[mission], catalogs[table])
        planets = sum(entry.signal.planet for entry in listed[mission])
        logger.info("%s: %d signals, %d of them planets", mission, len(listed[mission]), planets)
    rows = [_truth(settings, mission, entry) for mission, entries in listed.items() for entry in entries]
    write_parquet(truth, pd.DataFrame(rows).sort_values("signal_id", ignore_index=True))


def _write_koi(settings: SimulationSettings, listed: list[Listed], path: str | Path) -> None:
    rows = [koi_row(settings.seed, entry) for entry in listed]
    write_archive_csv(path, archive_columns.KOI, sorted(rows, key=lambda row: str(row["kepoi_name"])))


def _write_k2pandc(settings: SimulationSettings, listed: list[Listed], path: str | Path) -> None:
    rows = [row for entry in listed for row in k2_rows(settings.seed, entry)]
    write_archive_csv(path, archive_columns.K2PANDC, sorted(rows, key=lambda row: str(row["pl_name"])))


def _write_toi(settings: SimulationSettings, listed: list[Listed], path: str | Path) -> None:
    singles = deal(
        {"yes": settings.single_transits, "no": 1 - settings.single_transits},
        len(listed),
        generator(settings.seed, "single transits"),
    )
    rows = [
        toi_row(entry, single == "yes")
        for entry, single in zip(listed, singles, strict=True)
        if not _only_in_exominer(settings, entry)
    ]
    # The Archive sorts by the number as text.
    write_archive_csv(path, archive_columns.TOI, sorted(rows, key=lambda row: str(row["toi"])))


def _write_exominer(settings: SimulationSettings, listed: list[Listed], path: str | Path) -> None:
    rows = [row for entry in listed for row in exominer_rows(settings.seed, entry)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(archive_columns.EXOMINER)
    rows.sort(key=lambda row: (-float(row[4]), row[0]))
    writer.writerows(rows)
    write_text(path, text.getvalue())


_Writer = Callable[[SimulationSettings, list[Listed], str | Path], None]
_WRITERS: dict[str, _Writer] = {
    "koi": _write_koi,
    "k2pandc": _write_k2pandc,
    "toi": _write_toi,
    "exominer": _write_exominer,
}


def _only_in_exominer(settings: SimulationSettings, entry: Listed) -> bool:
    return generator(settings.seed, "exominer only", entry.target.target_id).random() < settings.exominer_only


def signal_id(settings: SimulationSettings, mission: Mission, entry: Listed) -> str:
    """The id under which the readers of catalogs know a signal."""
    if mission == "Kepler":
        return f"KOI {koi_name(entry)}"
    if mission == "TESS":
        return f"TOI {toi_name(entry)}"
    component = planet_name(settings.seed, entry)[-3:]
    return f"K2 EPIC {entry.star_number}{component if component[0] == '.' else component[-2:]}"


def _truth(settings: SimulationSettings, mission: Mission, entry: Listed) -> dict[str, object]:
    """One row of the truth: see docs/simulation.md."""
    signal, target = entry.signal, entry.target
    source, found = signal.source, signal.found
    tables = [table for table in _LISTS[mission] if table != "toi" or not _only_in_exominer(settings, entry)]
    return {
        "signal_id": signal_id(settings, mission, entry),
        "mission": mission,
        "target_id": target.target_id,
        "tables": "; ".join(tables),
        "kind": signal.kind,
        "is_planet": signal.planet,
        "disposition": entry.disposition,
        "mislabelled": entry.mislabelled,
        "has_light_curve": not target.missing,
        "twin": target.twin,
        "period_d": found.period_d,
        "own_period_d": found.period_d if isinstance(source, Glitches) else source.period_d,
        "epoch_bjd": found.epoch_bjd,
        "duration_h": found.duration_h,
        "depth_ppm": found.depth * 1e6,
        "snr": found.snr,
        "transits": found.transits,
        "light_share": source.share if isinstance(source, Orbit) else 1.0,
        "magnitude": target.star.magnitude,
        "segments": ", ".join(str(segment.number) for segment in target.segments),
    }
