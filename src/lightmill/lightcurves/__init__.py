"""Light curves: from an archive's FITS files to one checked parquet file per target."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "fetch_shard": "fetch",
        "LightCurve": "lightcurve",
        "Segment": "lightcurve",
        "read_stored": "store",
        "store_path": "store",
        "write_stored": "store",
    },
)
