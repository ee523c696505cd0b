"""What was found on a star, kept for the next run: as long as nothing that it follows from has changed."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightmill.files import digest, write_text
from lightmill.lightcurves.store import store_path

Row = dict[str, Any]


def cached_rows(
    folder: str | Path, target_id: str, key: Mapping[str, Any], compute: Callable[[], list[Row]]
) -> list[Row]:
    """The rows of one star: those in the cache if they were made from the same `key`, else made anew and kept.

    Parameters
    ----------
    folder : of one kind of search; a file a star below it, by mission and number as in the light-curve store
    target_id : the star
    key : plain JSON that everything follows from: the light curve's checksum, the settings, the code's digest
    compute : makes the rows, by column texts, numbers, truth values or None

    A file that cannot be read is made anew, like one of another key. Whole numbers, texts and finite floats come back
    as they were, to the last bit; a float that is not finite comes back as itself.
    """
    path = store_path(folder, target_id).with_suffix(".json")
    wanted = digest(key)
    kept = _read(path, wanted)
    if kept is not None:
        return kept
    rows = compute()
    packed = [{name: _packed(value) for name, value in row.items()} for row in rows]
    write_text(path, json.dumps({"key": wanted, "rows": packed}, allow_nan=False, separators=(",", ":")) + "\n")
    return rows


def _read(path: Path, wanted: str) -> list[Row] | None:
    """The rows in a file of the cache; None if there is none, or it is of another key or damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("key") != wanted or not isinstance(kept.get("rows"), list):
        return None
    return [{name: _unpacked(value) for name, value in row.items()} for row in kept["rows"]]


def _packed(value: Any) -> Any:
    """A value as JSON can hold it: of the floats it has the finite ones alone."""
    return {"float": repr(value)} if isinstance(value, float) and not math.isfinite(value) else value


def _unpacked(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value
