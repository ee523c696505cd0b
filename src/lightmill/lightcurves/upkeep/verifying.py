"""Is the store whole? Every file of it is read, and its sums are taken."""

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lightmill.errors import LightCurveError, LightmillError
from lightmill.files import sha256_file
from lightmill.lightcurves.fetching.locks import lock_unless_held
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.lightcurves.hdus import split_hdus, verify_complete, verify_sums
from lightmill.lightcurves.store import read_stored_file, store_path
from lightmill.lightcurves.upkeep.answers import answer_of
from lightmill.lightcurves.upkeep.contents import Entry, list_store
from lightmill.lightcurves.upkeep.manifests import manifests_of, read_manifest
from lightmill.logs import progress

CHECKED = ("light_curve", "answer", "kept", "sector_list")


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what it should be."""

    path: Path
    reason: str
    removed: bool = False


@dataclass(slots=True)
class Verified:
    """What a look at a store found."""

    counts: Counter[str]
    """Files looked at by kind (`CHECKED`), and of the rest how many there are of each kind."""
    damaged: list[Fault] = field(default_factory=list)
    """Files of the store."""
    lost: list[Fault] = field(default_factory=list)
    """What manifests name and the store does not have as they say, and manifests that cannot be read."""
    manifests: int = 0
    links: list[Path] = field(default_factory=list)
    """Links in the store, which are not followed."""
    foreign: list[Path] = field(default_factory=list)
    """What is not the store's, and left alone."""


def verify_store(store: str | Path, runs: Iterable[str | Path] = (), remove: bool = False) -> Verified:
    """Read every light curve, remembered answer and kept FITS file of a store and say what is damaged.

    Parameters
    ----------
    store : folder of the light-curve store
    runs : folders `results/<run>`, whose manifests are compared with the store too
    remove : remove what is damaged; without it nothing is changed

    Raises StoreError if the store cannot be read, LightCurveError if a run has no manifest.
    """
    entries = list_store(store)
    found = Verified(
        Counter(entry.kind for entry in entries),
        links=[entry.path for entry in entries if entry.kind == "link"],
        foreign=[entry.path for entry in entries if entry.kind == "foreign"],
    )
    sums: dict[Path, str] = {}
    for entry in progress([entry for entry in entries if entry.kind in CHECKED], "files of the store"):
        try:
            sums[entry.path] = _checked(entry, store)
        except FileNotFoundError:
            # Another process took it away meanwhile.
            continue
        except OSError as error:
            found.damaged.append(Fault(entry.path, f"cannot be read: {error.strerror or error}; not removed"))
        except LightCurveError as error:
            found.damaged.append(_removed(store, entry, str(error)) if remove else Fault(entry.path, str(error)))
    for run in runs:
        _compare(found, run, store, sums)
    return found


def _checked(entry: Entry, store: str | Path) -> str:
    """The SHA-256 of a light curve, nothing of others; LightCurveError for a damaged file, OSError for one not read."""
    if entry.kind == "answer":
        answer_of(entry.path, entry.target_id)
        return ""
    if entry.kind == "kept":
        raw = entry.path.read_bytes()
        hdus = split_hdus(raw, "FITS")
        verify_complete(hdus, "FITS")
        verify_sums(raw, hdus, "FITS")
        return ""
    if entry.kind == "sector_list":
        _check_sector_list(entry.path)
        return ""
    try:
        return read_stored_file(store, entry.target_id).sha256
    except (LightCurveError, KeyError, TypeError, ValueError, AttributeError) as error:
        # A file that cannot be read just now is not a damaged one: this raises OSError for it.
        entry.path.read_bytes()
        reason = str(error) if isinstance(error, LightCurveError) else f"{type(error).__name__}: {error}"
        raise LightCurveError(reason.removeprefix(f"{entry.path}: ").partition("; fetch the light curves")[0]) from None


def _check_sector_list(path: Path) -> None:
    raw = path.read_bytes()
    try:
        table = pq.read_table(pa.BufferReader(raw), page_checksum_verification=True)
        sectors = {f"s{sector:04d}" for sector in table["sector"].unique().to_pylist()}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise LightCurveError(f"not a list of a sector ({type(error).__name__}: {error})") from None
    if not sectors <= {path.stem}:
        raise LightCurveError(f"not the list of this sector, but of {', '.join(sorted(sectors))}")


def _removed(store: str | Path, entry: Entry, reason: str) -> Fault:
    """Remove a damaged file, unless a run works on its target or has made it anew."""
    # A list of a sector is nobody's: whoever writes one writes it whole.
    lock = lock_unless_held(store, entry.target_id) if entry.target_id else nullcontext(True)
    with lock as held, on_disk(entry.path):
        if not held:
            return Fault(entry.path, f"{reason}; not removed: a run works on {entry.target_id}")
        try:
            _checked(entry, store)
        except LightCurveError:
            entry.path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        else:
            return Fault(entry.path, f"{reason}; made anew meanwhile")
    return Fault(entry.path, reason, removed=True)


def _compare(found: Verified, run: str | Path, store: str | Path, sums: dict[Path, str]) -> None:
    """Compare the manifests of a run with the store."""
    manifests = manifests_of(run)
    if not manifests:
        raise LightCurveError(f"{run}: no manifest of light curves below it; expected results/<run>, after a run")
    damaged = {fault.path for fault in found.damaged}
    for manifest in manifests:
        found.manifests += 1
        try:
            rows = read_manifest(manifest)
        except LightCurveError as error:
            found.lost.append(Fault(manifest, str(error).removeprefix(f"{manifest}: ")))
            continue
        for target_id, sha256 in rows.loc[rows["outcome"] == "ok", ["target_id", "sha256"]].itertuples(index=False):
            try:
                path = store_path(store, target_id)
            except LightmillError as error:
                found.lost.append(Fault(manifest, str(error)))
                continue
            if path not in damaged:
                reason = _difference(path, sha256, sums)
                if reason:
                    found.lost.append(Fault(manifest, f"{target_id}: {reason}"))


def _difference(path: Path, sha256: str, sums: dict[Path, str]) -> str:
    """How a stored light curve differs from what a manifest says of it; empty if it does not."""
    try:
        # Behind a link it was not looked at, but it is what a run would read.
        seen = sums.get(path) or sha256_file(path)
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    return "" if seen == sha256 else f"{path} is another light curve (SHA-256 {seen}, the manifest says {sha256})"
