"""Which shards are worth fetching again now: those with `transient` targets that were left alone long enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.lightcurves.fetching.events import read_events
from lightmill.lightcurves.upkeep.manifests import manifests_of, read_manifest

LONGEST_WAIT_S = 86_400.0


@dataclass(frozen=True, slots=True)
class ShardRetry:
    """A shard with `transient` targets."""

    manifest: Path
    targets: tuple[str, ...]
    due_at: datetime | None
    """When the last of them may be asked for again; None where no log tells when one failed: at once."""


@dataclass(frozen=True, slots=True)
class Retries:
    """The shards of a run that are to be fetched again, now or later."""

    due: tuple[ShardRetry, ...]
    waiting: tuple[ShardRetry, ...]
    """Soonest first."""
    unreadable: tuple[str, ...]
    """Manifests that cannot be read, with the reason."""
    manifests: int
    """How many there are in all."""


def due_shards(
    run_folder: str | Path, network: NetworkSettings, now: datetime, shards: Mapping[str, int] | None = None
) -> Retries:
    """Look which shards of a run have `transient` targets, and for which of them the wait is over.

    Parameters
    ----------
    run_folder : `results/<run>`
    network : its `retry_wait_s` is the wait after a target's first failure; it doubles with each further one in a row,
        up to a day, and counts from the last one
    now : the time, with its time zone
    shards : how many shards each mission has; manifests of others, left from other settings, are passed over

    A shard is due when all of its `transient` targets are, so that none is asked for before its time.
    """
    due: list[ShardRetry] = []
    waiting: list[ShardRetry] = []
    unreadable: list[str] = []
    manifests = [path for path in manifests_of(run_folder) if shards is None or _has(shards, path)]
    for manifest in manifests:
        try:
            rows = read_manifest(manifest)
        except LightCurveError as error:
            unreadable.append(str(error))
            continue
        targets = tuple(sorted(rows.loc[rows["outcome"] == "transient", "target_id"]))
        if targets:
            log = Path(run_folder) / "logs" / "fetch_light_curves" / f"{manifest.parent.name}-{manifest.stem}.jsonl"
            due_at = _due_at(targets, log, network.retry_wait_s, now)
            shard = ShardRetry(manifest, targets, due_at)
            (due if due_at is None or due_at <= now else waiting).append(shard)
    waiting.sort(key=lambda shard: (shard.due_at or now, shard.manifest))
    return Retries(tuple(due), tuple(waiting), tuple(unreadable), len(manifests))


def wait_s(failures: int, retry_wait_s: float) -> float:
    """How long to leave a target alone after so many failures in a row, in seconds."""
    # Beyond 2^60 it is a day anyhow.
    return min(retry_wait_s * 2.0 ** min(failures - 1, 60), LONGEST_WAIT_S)


def _has(shards: Mapping[str, int], manifest: Path) -> bool:
    number = int(manifest.stem)
    return number < shards.get(manifest.parent.name, 0) and manifest.stem == f"{number:03d}"


def _due_at(targets: tuple[str, ...], log: Path, retry_wait_s: float, now: datetime) -> datetime | None:
    failed = _failures(log)
    times = [
        # A clock that was ahead makes nobody wait for longer than the wait.
        min(last, now) + timedelta(seconds=wait_s(count, retry_wait_s))
        for count, last in (failed[target] for target in targets if target in failed)
    ]
    return max(times, default=None)


def _failures(log: Path) -> dict[str, tuple[int, datetime]]:
    """By target how often it has been `transient` in a row until now, and when last."""
    found: dict[str, tuple[int, datetime]] = {}
    for event in read_events(log):
        target_id, time = event.get("target_id"), _time(event.get("time"))
        if event.get("event") != "target" or not isinstance(target_id, str) or time is None:
            continue
        if event.get("outcome") == "transient":
            found[target_id] = (found[target_id][0] + 1 if target_id in found else 1, time)
        else:
            found.pop(target_id, None)
    return found


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
