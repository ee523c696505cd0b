"""The record of a run, for people: what went in, with which code, settings and versions, and when."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lightmill import __version__
from lightmill.catalogs.identify import identify_table
from lightmill.code_digest import SOURCE
from lightmill.files import sha256_file, write_json

_VERSIONS = ("astropy", "batman-package", "gerbls", "numba", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy",
             "snakemake", "torch")  # fmt: skip


def record_provenance(path: str | Path, catalogs: list[str], config: dict[str, Any], code: dict[str, str]) -> None:
    """Write what a run was made from to `path`: catalog snapshots, configuration, code, versions, and when.

    The file is for people; no rule reads it, so it may hold dates. `catalogs` are the catalog files, `config` the
    configuration as given, `code` the digest of each rule's code by rule name.
    """
    snapshots = []
    for catalog in sorted(catalogs):
        table = identify_table(catalog)
        snapshots.append(
            {
                "file": str(catalog),
                "table": table.table,
                "snapshot_date": table.snapshot_date,
                "sha256": sha256_file(catalog),
            }
        )
    write_json(
        path,
        {
            "catalogs": snapshots,
            "code": {"lightmill": __version__, "commit": _commit(), "rules": code},
            "config": config,
            "machine": {"platform": platform.platform(), "python": platform.python_version()},
            "versions": {name: version(name) for name in _VERSIONS},
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def _commit() -> str:
    """The commit that the code stands at, marked if files differ from it; empty outside a git checkout."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()
