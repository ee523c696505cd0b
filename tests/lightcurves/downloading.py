"""Shards fetched from a loopback archive with short patience, and what must hold of a store afterwards."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.network import NetworkSettings
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.lightcurves.fetching.events import read_events

# Patience for tests: what takes minutes in life takes tenths of a second.
QUICK: dict[str, Any] = {
    "connections": 2,
    "connect_timeout_s": 1,
    "read_timeout_s": 0.5,
    "deadline_s": 6,
    "slow_window_s": 0.3,
    "slowest_bytes_s": 4000,
    "attempts": 3,
    "backoff_s": 0.01,
    "backoff_max_s": 0.02,
    "retry_after_max_s": 3,
    "breaker_failures": 100,
}


def quick(**changes: Any) -> NetworkSettings:
    """Settings of the network for tests."""
    return NetworkSettings(**{**QUICK, **changes})


def wanted(*targets: str, segments: str | None = None, files: dict[str, str] | None = None) -> pd.DataFrame:
    """A shard's list: targets, and what catalogs or lists say of all of them (`segments`) or of each (`files`)."""
    table = pd.DataFrame({"target_id": list(targets)})
    if segments is not None:
        table["segments"] = segments
    if files is not None:
        table["files"] = [files.get(target) for target in targets]
    return table


def fetch(
    folder: Path,
    targets: pd.DataFrame | Iterable[str],
    base_url: Any,
    mission: str = "Kepler",
    store: str = "store",
    name: str = "000",
    archive: dict[str, Any] | None = None,
    **network: Any,
) -> dict[str, Any]:
    """Fetch a shard into `<folder>/<store>`, with the manifest `<folder>/<name>.parquet`; its rows by target."""
    table = targets if isinstance(targets, pd.DataFrame) else wanted(*targets)
    table.to_parquet(folder / f"{name}.targets.parquet")
    fetch_shard(
        folder / f"{name}.targets.parquet",
        mission,  # type: ignore[arg-type]
        MISSION_ARCHIVES[mission](base_url=base_url, **(archive or {})),
        folder / store,
        folder / f"{name}.parquet",
        folder / f"{name}.products.parquet",
        network=quick(**network),
        events=folder / f"{name}.jsonl",
    )
    return manifest_rows(folder / f"{name}.parquet")


def manifest_rows(manifest: Path) -> dict[str, Any]:
    """A manifest's rows by target."""
    return {row.target_id: row for row in pd.read_parquet(manifest).itertuples(index=False)}


def reasons(folder: Path, name: str = "000") -> dict[str, str]:
    """Why targets were `transient`, by target, from the log of events; of several runs the last."""
    path = folder / f"{name}.jsonl"
    events = list(read_events(path))
    return {event["target_id"]: event.get("reason", "") for event in events if event["event"] == "target"}


def light_curves(store: Path) -> dict[str, str]:
    """SHA-256 of every light curve in a store, by its path."""
    found = (path for mission in ("Kepler", "K2", "TESS") for path in sorted((store / mission).rglob("*.parquet")))
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if not path.name.startswith(".")
    }


def fragments(store: Path, archive: Path) -> list[str]:
    """Whatever lies in a store and should not: parts, and FITS files that are not the archive's, byte for byte."""
    right = {path.name: path.read_bytes() for path in archive.rglob("*.fits")}
    wrong = []
    for path in sorted(store.rglob("*")):
        if not path.is_file() or path.suffix == ".lock":
            continue
        if ".part" in path.name or (path.suffix == ".fits" and path.read_bytes() != right.get(path.name)):
            wrong.append(str(path.relative_to(store)))
    return wrong


def asked(server: Any, contains: str = "") -> list[str]:
    """Paths that were asked for, in order, as far as they contain a text."""
    return [request.path for request in server.requests() if contains in request.path]
