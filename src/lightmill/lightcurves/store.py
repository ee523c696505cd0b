"""The store: one parquet file per target, which says itself what it was made from and whether it is whole."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lightmill.errors import LightCurveError
from lightmill.files import atomic_path, digest
from lightmill.lightcurves.lightcurve import COLUMNS, STAR, LightCurve, Segment
from lightmill.lightcurves.stored import StoredLightCurve, as_array
from lightmill.targets import mission_of, target_number

SCHEMA_VERSION = 2
_SCHEMA = pa.schema([pa.field(name, pa.from_numpy_dtype(kind), nullable=False) for name, kind in COLUMNS.items()])
_METADATA = b"lightmill"
_FLOATS = [name for name, kind in COLUMNS.items() if kind.kind == "f"]
# The columns that later stages read again and again: lz4 is decoded at least twice as fast as zstd and takes, at this
# level, about as much room; it only takes longer to write.
_READ_OFTEN = frozenset(
    ("time_bjd", "pdcsap_flux", "quality", "mom_centr1", "mom_centr2", "pos_corr1", "pos_corr2", "segment")
)
_COMPRESSION = {name: "lz4" if name in _READ_OFTEN else "zstd" for name in COLUMNS}
_LEVELS = {"lz4": 4, "zstd": 3}
_ENCODING = {**dict.fromkeys(_FLOATS, "BYTE_STREAM_SPLIT"), "cadence_number": "DELTA_BINARY_PACKED", "quality": "PLAIN"}
# Zero-padded as in the missions' own file names.
_DIGITS = {"Kepler": 9, "K2": 9, "TESS": 16}


def store_path(store: str | Path, target_id: str) -> Path:
    """Where a target's light curve is stored: `<store>/<mission>/<four digits>/<number>.parquet`.

    The number is padded with zeros as in the missions' own folders; the four digits are its first (Kepler, K2) or its
    last ones (TESS, whose numbers nearly all start with 0000).

    Raises LightmillError unless `target_id` reads `KIC n`, `EPIC n` or `TIC n`: nothing else gets into a path.
    """
    number = target_number(target_id)
    mission = mission_of(target_id)
    digits = f"{number:0{_DIGITS[mission]}d}"
    folder = digits[:4] if mission != "TESS" else digits[-4:]
    return Path(store) / mission / folder / f"{digits}.parquet"


# What a user runs to have the archive asked again; targets that are in the store as they should be cost almost nothing.
FETCH_AGAIN = "snakemake --cores all [--configfile FILE of this run] --forcerun fetch_light_curves"


class NotAsFetchedError(LightCurveError):
    """The store does not hold the light curves that a run fetched: others took their place, or they are gone.

    `lost` says by target what is the matter. Errors of several targets make one by joining their `lost`.
    """

    def __init__(self, lost: Mapping[str, str]) -> None:
        self.lost = dict(lost)
        lines = [f"  {target_id}: {reason}" for target_id, reason in self.lost.items()]
        super().__init__(
            f"light curves that are not in the store as this run fetched them ({len(lines)}):\n"
            + "\n".join(lines)
            + "\nAnother run on the same store has replaced them, or they were damaged or removed. Fetch again what is "
            f"not as it was:\n  {FETCH_AGAIN}\n"
            "Runs whose archives hold different light curves of one target need a `store` each."
        )


@dataclass(frozen=True, slots=True)
class FileFacts:
    """An archive's file as its content says: what stays true whoever fetches it, and when."""

    name: str
    """Its path in the archive."""
    author: str
    segment: int
    """Quarter, campaign or sector; -1 if unknown."""
    size_bytes: int = 0
    sha256: str = ""
    date: str = ""
    """When its pipeline wrote it (DATE), as the header says."""
    data_release: int = -1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a stored light curve was made from, besides the files of its segments: what a later run compares."""

    code: str = ""
    """Digest of the code that reads and joins FITS files."""
    request: str = ""
    """Digest of what was asked for: authors, segments, files known beforehand."""
    left_out: tuple[FileFacts, ...] = ()
    """Files that were read, but of whose segment another file is used."""
    absent: tuple[FileFacts, ...] = ()
    """Files that a catalog or list promised and the archive does not have."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of a target."""

    light_curve: LightCurve
    origin: Origin
    sha256: str
    """Hex SHA-256 of the file."""


def write_stored(store: str | Path, light_curve: LightCurve, origin: Origin = Origin()) -> Stored:
    """Store a light curve atomically; the same light curve and origin give the same bytes.

    Two processes that write the same target replace each other's file by the same file.
    """
    encoded = _encode(light_curve, origin)
    with atomic_path(store_path(store, light_curve.target_id)) as temporary:
        temporary.write_bytes(encoded)
    return Stored(light_curve, origin, sha256(encoded).hexdigest())


def read_stored(store: str | Path, target_id: str, expected_sha256: str | None = None) -> LightCurve:
    """Read a target's light curve from the store; its arrays are read-only.

    Where the hex SHA-256 of its file is given, as a manifest has it, the file is the one that was verified when it was
    written: then columns are decoded only when they are asked for. Else all are, and their digest is checked.

    Raises LightCurveError if there is none, or if the file is damaged, another target's or of another schema;
    NotAsFetchedError, one of them, if there is none or another where a SHA-256 is given. Fetching the light curves
    again makes it anew.
    """
    path = store_path(store, target_id)
    if expected_sha256 is not None and not path.exists():
        raise NotAsFetchedError({target_id: f"{path}: no such file"})
    encoded = _bytes(path, target_id)
    if expected_sha256 is None:
        return _decode(encoded, path, target_id)[0]
    found_sha256 = sha256(encoded).hexdigest()
    if found_sha256 != expected_sha256:
        raise NotAsFetchedError({target_id: f"{path}: has SHA-256 {found_sha256}, the manifest says {expected_sha256}"})
    file, description = _opened(encoded, path)
    _check_description(description, path, target_id)
    return StoredLightCurve.of_file(file, _described(description))


def facts_of(segment: Segment) -> FileFacts:
    """What is known of the file that a segment was read from."""
    return FileFacts(
        name=segment.file,
        author=segment.author,
        segment=segment.number,
        size_bytes=segment.size_bytes,
        sha256=segment.sha256,
        date=segment.date,
        data_release=segment.data_release,
    )


def read_stored_file(store: str | Path, target_id: str) -> Stored:
    """Read a target's light curve with its origin and the file's SHA-256; raises like `read_stored`."""
    path = store_path(store, target_id)
    encoded = _bytes(path, target_id)
    light_curve, origin = _decode(encoded, path, target_id)
    return Stored(light_curve, origin, sha256(encoded).hexdigest())


def _bytes(path: Path, target_id: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise LightCurveError(f"{path}: no stored light curve of {target_id}; fetch the light curves first") from None
    except OSError as error:
        raise _damaged(path, str(error)) from None


def _encode(light_curve: LightCurve, origin: Origin) -> bytes:
    arrays = [np.ascontiguousarray(getattr(light_curve, name), kind) for name, kind in COLUMNS.items()]
    description = {
        "schema_version": SCHEMA_VERSION,
        "target_id": light_curve.target_id,
        "cadences": len(light_curve),
        "star": {name: _number_or_none(getattr(light_curve, name)) for name in STAR},
        "segments": [_plain(segment) for segment in light_curve.segments],
        "origin": asdict(origin),
        "content": _content_digest(arrays),
    }
    description["digest"] = digest(description)
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    table = pa.Table.from_arrays([pa.array(array) for array in arrays], schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    # Without Arrow's own copy of the schema, in which the description would stand a second time.
    with pq.ParquetWriter(
        sink,
        _SCHEMA,
        compression=_COMPRESSION,
        compression_level={name: _LEVELS[codec] for name, codec in _COMPRESSION.items()},
        use_dictionary=["segment"],
        column_encoding=_ENCODING,
        write_statistics=False,
        store_schema=False,
    ) as writer:
        writer.write_table(table, row_group_size=max(len(light_curve), 1))
        writer.add_key_value_metadata({_METADATA: text})
    return sink.getvalue().to_pybytes()


def _opened(encoded: bytes, path: Path) -> tuple[pq.ParquetFile, Any]:
    """A file that is held in memory, and its description, not checked yet."""
    try:
        file = pq.ParquetFile(pa.BufferReader(encoded))
        return file, json.loads(file.metadata.metadata[_METADATA])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None


def _decode(encoded: bytes, path: Path, target_id: str) -> tuple[LightCurve, Origin]:
    file, description = _opened(encoded, path)
    try:
        # In one thread: parallelism is across jobs.
        table = file.read(use_threads=False)
        arrays: dict[str, Any] = {name: as_array(table.column(name)) for name in COLUMNS}
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None
    if not isinstance(description, dict) or description.pop("digest", None) != digest(description):
        raise _damaged(path, "its description does not fit its digest")
    _check_description(description, path, target_id)
    if _content_digest(list(arrays.values())) != description["content"]:
        raise _damaged(path, "its columns do not fit their digest")
    origin = description["origin"]
    return LightCurve(**_described(description), **arrays), Origin(
        code=origin["code"],
        request=origin["request"],
        left_out=tuple(FileFacts(**facts) for facts in origin["left_out"]),
        absent=tuple(FileFacts(**facts) for facts in origin["absent"]),
    )


def _check_description(description: dict[str, Any], path: Path, target_id: str) -> None:
    if description["schema_version"] != SCHEMA_VERSION:
        raise _damaged(path, f"schema version {description['schema_version']}, expected {SCHEMA_VERSION}")
    if description["target_id"] != target_id:
        raise _damaged(path, f"holds {description['target_id']}, not {target_id}")


def _described(description: dict[str, Any]) -> dict[str, Any]:
    """What a description says of a light curve: its attributes but for the columns."""
    return {
        "target_id": description["target_id"],
        "segments": tuple(_segment(segment) for segment in description["segments"]),
        **_with_nan(description["star"]),
    }


def _damaged(path: Path, reason: str) -> LightCurveError:
    return LightCurveError(f"{path}: not a whole light curve ({reason}); fetch the light curves again to remake it")


def _content_digest(arrays: list[np.ndarray]) -> str:
    """Digest of the columns' names, types and bytes: independent of how a parquet library lays them out."""
    summary = blake2b(digest_size=16)
    for (name, kind), array in zip(COLUMNS.items(), arrays, strict=True):
        summary.update(f"{name} {kind.str} {array.dtype.str} {array.size}\n".encode())
        summary.update(np.ascontiguousarray(array).data)
    return summary.hexdigest()


def _number_or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _plain(segment: Segment) -> dict[str, Any]:
    values = asdict(segment)
    values["star"] = dict(zip(STAR, segment.star, strict=True))
    return {name: _without_nan(value) for name, value in values.items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return _number_or_none(value) if isinstance(value, float) else value


def _segment(values: dict[str, Any]) -> Segment:
    star = _with_nan(values["star"])
    return Segment(**{**_with_nan(values), "star": tuple([star[name] for name in STAR])})


def _with_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in values.items()}
