"""From an archive to the store: one shard of targets, each with its own outcome.

A stored light curve carries a key: the digest of the code that reads and joins FITS files, and of the names and
SHA-256 of the files it was made from. A target whose key is the same is not made again, so a shard that was killed
or is run again redoes only what is missing, damaged or changed.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Literal

import pandas as pd

from lightmill.code_digest import code_digest
from lightmill.errors import LightCurveError, LightmillError
from lightmill.files import digest, write_parquet
from lightmill.lightcurves import assemble
from lightmill.lightcurves.archives import Archive, ArchiveUnavailableError, Product, find_products, open_archives
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.reader import SegmentRows, read_segment
from lightmill.lightcurves.store import Stored, read_stored_file, store_path, write_stored
from lightmill.logs import logger, progress
from lightmill.targets import Mission, mission_of

# Below these the aperture missed its star. PDCSAP_FLUX is the flux less the share of others, 1 - CROWDSAP, divided by
# FLFRCSAP: the smaller these are, the more a depth hangs on how well they are known.
_LEAST_CROWDSAP = 0.3
_LEAST_FLFRCSAP = 0.1

OutcomeName = Literal["ok", "absent", "transient", "corrupt"]
MANIFEST_TYPES = {
    "target_id": "str",
    "outcome": "str",
    "detail": "str",
    "segments": "int32",
    "cadences": "int64",
    "sha256": "str",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: a row of the manifest."""

    target_id: str
    outcome: OutcomeName
    """`ok`: in the store. `absent`: the archive has no file of it. `transient`: the archive could not be read just
    now. `corrupt`: a file is damaged or not what it should be."""
    detail: str
    """Why, naming the file; for `ok` the files that were left out, and those whose aperture missed the star."""
    segments: int = 0
    cadences: int = 0
    sha256: str = ""
    """Hex SHA-256 of the file in the store."""


def fetch_shard(
    targets: str | Path, mission: Mission, base_urls: list[str], store: str | Path, manifest: str | Path
) -> None:
    """Fetch the light curves of one shard's targets into the store and write the shard's manifest, last of all.

    `targets` is a parquet file with a column `target_id`. No target fails the others: each has its outcome in the
    manifest. Raises LightCurveError if the list holds something else than targets of the mission, or if the archive
    as a whole is not there.
    """
    target_ids = _read_targets(Path(targets), mission)
    archives = open_archives(mission, base_urls) if target_ids else []
    outcomes = []
    for target_id in progress(target_ids, f"{mission} light curves"):
        outcome = fetch_target(archives, store, target_id)
        if outcome.outcome != "ok" or outcome.detail:
            logger.warning("%s: %s: %s", target_id, outcome.outcome, outcome.detail)
        outcomes.append(outcome)
    write_parquet(manifest, manifest_table(outcomes))
    counts = Counter(outcome.outcome for outcome in outcomes)
    logger.info("%d targets: %s", len(outcomes), ", ".join(f"{counts[name]} {name}" for name in sorted(counts)))


def manifest_table(outcomes: list[Outcome]) -> pd.DataFrame:
    """The manifest's table: one row per target, sorted by target_id."""
    rows = [asdict(outcome) for outcome in sorted(outcomes, key=lambda outcome: outcome.target_id)]
    return pd.DataFrame(rows, columns=list(MANIFEST_TYPES)).astype(MANIFEST_TYPES)


def fetch_target(archives: list[Archive], store: str | Path, target_id: str) -> Outcome:
    """Bring one target's light curve into the store, unless it is there already, and say how that went.

    One bad file makes the target `corrupt`: a light curve that lacks a quarter by accident is not made. What the
    store had of the target before stays as it was; the manifest says whether it may be used.
    """
    try:
        found = find_products(archives, target_id)
        if not found:
            return Outcome(target_id, "absent", "no light-curve file in the archive")
        key = _key(found)
        stored = _stored_with_key(store, target_id, key)
        if stored is None:
            stored = write_stored(store, _read(found, target_id), key)
    except ArchiveUnavailableError as error:
        return Outcome(target_id, "transient", str(error))
    except LightCurveError as error:
        return Outcome(target_id, "corrupt", str(error))
    return Outcome(
        target_id=target_id,
        outcome="ok",
        detail="; ".join([*_left_out(found, stored.light_curve), *_missed(stored.light_curve)]),
        segments=len(stored.light_curve.segments),
        cadences=len(stored.light_curve),
        sha256=stored.sha256,
    )


def _read_targets(path: Path, mission: Mission) -> list[str]:
    target_ids = [str(target_id) for target_id in pd.read_parquet(path, columns=["target_id"])["target_id"]]
    for target_id in target_ids:
        try:
            found = mission_of(target_id)
        except LightmillError as error:
            raise LightCurveError(f"{path}: {error}; make the shard's lists again") from None
        if found != mission:
            raise LightCurveError(f"{path}: {target_id} is a target of {found}, expected {mission}")
    repeated = [target_id for target_id, count in Counter(target_ids).items() if count > 1]
    if repeated:
        raise LightCurveError(f"{path}: {repeated[0]} stands in the list more than once")
    return sorted(target_ids)


@contextmanager
def _opened(archive: Archive, product: Product) -> Iterator[BufferedReader]:
    """A product open for reading; a failure to read it is the archive's, not the file's."""
    try:
        with archive.open(product) as file:
            yield file
    except OSError as error:
        raise ArchiveUnavailableError(f"{product.name}: {error.strerror or error}") from None


def _key(found: list[tuple[Archive, Product]]) -> str:
    """What a light curve is made from: the code that makes it, the names and SHA-256 of its files."""
    sources = []
    for archive, product in found:
        with _opened(archive, product) as file:
            sources.append([product.name, hashlib.file_digest(file, "sha256").hexdigest()])
    return digest({"code": _code(), "sources": sources})


@cache
def _code() -> str:
    return code_digest(assemble.__file__)


def _stored_with_key(store: str | Path, target_id: str, key: str) -> Stored | None:
    """What the store holds of a target, if it is whole and was made from the same."""
    if not store_path(store, target_id).exists():
        return None
    try:
        stored = read_stored_file(store, target_id)
    except LightCurveError as error:
        logger.warning("%s; it is made again now", error)
        return None
    return stored if stored.key == key else None


def _read(found: list[tuple[Archive, Product]], target_id: str) -> LightCurve:
    parts: list[SegmentRows] = []
    for archive, product in found:
        with _opened(archive, product) as file:
            parts.append(read_segment(file, product.name, target_id, product.segment))
    kept, _ = assemble.one_per_segment(parts)
    return assemble.join_segments(target_id, kept)


def _left_out(found: list[tuple[Archive, Product]], light_curve: LightCurve) -> list[str]:
    used = {segment.file for segment in light_curve.segments}
    unused = [product.name for _, product in found if product.name not in used]
    return [f"left out, an older delivery of the same segment: {', '.join(unused)}"] if unused else []


def _missed(light_curve: LightCurve) -> list[str]:
    """The segments whose aperture holds too little of the star, or too much of others; what is not stated passes."""
    return [
        f"crowdsap {segment.crowdsap:.2g} / flfrcsap {segment.flfrcsap:.2g} in {segment.file}: "
        "PDCSAP depths are not to be trusted"
        for segment in light_curve.segments
        if segment.crowdsap < _LEAST_CROWDSAP or segment.flfrcsap < _LEAST_FLFRCSAP
    ]
