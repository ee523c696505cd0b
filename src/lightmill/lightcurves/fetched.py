"""The light curves of one shard, as its manifest says that they were fetched into the store."""

from pathlib import Path

from lightmill.errors import LightCurveError
from lightmill.files import read_rows
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import read_stored


class Fetched:
    """A shard's manifest, and the store that its light curves are in."""

    def __init__(self, manifest: str | Path, store: str | Path) -> None:
        """Columns target_id, outcome and sha256 of the manifest are read; `store` is the light-curve store."""
        self._manifest, self._store = manifest, store
        rows = read_rows(manifest, ["target_id", "outcome", "sha256"])
        self._found = {row["target_id"]: (row["outcome"], row["sha256"]) for row in rows}

    def outcome(self, target_id: str) -> str:
        """What became of fetching a star's light curve; `ok` where the store has it.

        Raises LightCurveError for a star that is not in the manifest: that is another shard's.
        """
        if target_id not in self._found:
            raise LightCurveError(
                f"{self._manifest}: no row for {target_id}, which is wanted; fetch this shard's light curves again"
            )
        return self._found[target_id][0]

    def checksum(self, target_id: str) -> str | None:
        """SHA-256 of a star's file in the store, None where there is none; raises like `outcome`."""
        return self._found[target_id][1] if self.outcome(target_id) == "ok" else None

    def light_curve(self, target_id: str) -> LightCurve:
        """A star's light curve; NotAsFetchedError if the store does not have it as it was fetched."""
        return read_stored(self._store, target_id, self.checksum(target_id))
