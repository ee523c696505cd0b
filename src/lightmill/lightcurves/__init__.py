"""Light curves: from an archive's FITS files to one checked parquet file per target."""

from lightmill.lightcurves.lightcurve import LightCurve, Segment
from lightmill.lightcurves.store import read_stored, store_path, write_stored

__all__ = ["LightCurve", "Segment", "read_stored", "store_path", "write_stored"]
