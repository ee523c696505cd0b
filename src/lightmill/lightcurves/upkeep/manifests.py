"""The manifests that runs wrote, for those who look at runs from outside."""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from lightmill.errors import LightCurveError
from lightmill.targets import MISSIONS

# Beside them lie the tables of their files, the coverage and the list of sectors.
_MANIFEST = re.compile(r"[0-9]+\.parquet", re.ASCII)
_COLUMNS = ["target_id", "outcome", "sha256"]


def manifests_of(run_folder: str | Path) -> list[Path]:
    """The manifests of a run's shards, sorted: `<run_folder>/lightcurves/<mission>/<shard>.parquet`."""
    folders = [Path(run_folder) / "lightcurves" / mission for mission in MISSIONS]
    return [path for folder in folders for path in sorted(folder.glob("*.parquet")) if _MANIFEST.fullmatch(path.name)]


def read_manifest(path: str | Path) -> pd.DataFrame:
    """Columns `target_id`, `outcome` and `sha256` of a manifest.

    Raises LightCurveError if it cannot be read.
    """
    return _read(path, _COLUMNS, "no manifest that can be read")


def targets_listed(path: str | Path) -> list[str]:
    """The targets of a shard's list; LightCurveError if it cannot be read."""
    return list(_read(path, ["target_id"], "no list of targets that can be read")["target_id"])


def _read(path: str | Path, columns: list[str], fault: str) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns).astype(str)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise LightCurveError(
            f"{path}: {fault} ({type(error).__name__}: {reason}); remove it, and the next run makes it anew"
        ) from None
