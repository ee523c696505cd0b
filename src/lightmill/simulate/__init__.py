"""A survey that never was, written as the archives write theirs: catalogs as CSV, light curves as FITS.

Only the paths are here, for they are needed when a Snakefile is read; `lightmill.simulate.catalogs` and
`lightmill.simulate.light_curves` do the work.
"""

from lightmill.simulate.paths import archive_folder, simulated_catalogs, simulated_manifests, truth_path

__all__ = ["archive_folder", "simulated_catalogs", "simulated_manifests", "truth_path"]
