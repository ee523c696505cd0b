"""Which arrays a shard of views holds: their names, shapes and types follow from the settings alone."""

from typing import NamedTuple

from lightmill.config.views import ViewForms
from lightmill.views.scalars import SCALARS

FLUX, SCATTER, COUNT = "float32", "float32", "uint16"
MOST_COUNTED = 65535
"""Counts above it are stored as it is."""
SCATTERS = "_scatter"
"""What the name of a view's scatter ends in."""
NUMBERS = "scalars"
"""The array of what was measured, as `lightmill.views.scalars` has it."""


# What is measured on a signal, by column of `meta.parquet`; docs/views.md says how. NaN where it cannot be.
MEASURES = {
    "transits_observed": "int32",
    "cadences": "int64",
    "in_transit_cadences": "int32",
    "empty_bins_global": "int32",
    "empty_bins_local": "int32",
    "depth_ppm": "float64",
    "snr": "float64",
    "scatter_ppm": "float64",
    "duration_over_period": "float64",
    "odd_depth_ppm": "float64",
    "even_depth_ppm": "float64",
    "odd_even_sigma": "float64",
    "secondary_depth_ppm": "float64",
    "secondary_snr": "float64",
    "secondary_phase": "float64",
    "shape": "float64",
    "transit_depth_scatter_sigma": "float64",
    "centroid_offset_arcsec": "float64",
    "centroid_offset_sigma": "float64",
    "scale_global": "float64",
    "scale_local": "float64",
}
# What the light curve's own header says of the star.
STAR_COLUMNS = {
    "star_magnitude": "magnitude",
    "star_teff_k": "teff_k",
    "star_logg": "logg",
    "star_radius_rsun": "radius_rsun",
}


def presence_column(view: str) -> str:
    """The column of `meta.parquet` that says whether a signal has one of the further views."""
    return f"present_{view}"


def exported_name(array: str) -> str:
    """What an array is called in a file of all of them, where numbers have names too: `global` is `global_view`."""
    return array if array == NUMBERS or array.endswith((SCATTERS, "_count")) else f"{array}_view"


class ArrayForm(NamedTuple):
    """Shape of one signal's row, and type, of an array of views."""

    shape: tuple[int, ...]
    dtype: str


def array_layout(settings: ViewForms) -> dict[str, ArrayForm]:
    """The arrays of a shard by name: of every view the flux, and its scatter and number of cadences bin by bin.

    `<view>` float32, `<view>_scatter` float32, `<view>_count` uint16; `global` and `local` first, then those of
    `settings.more`; and `scalars` float32.
    """
    forms = {}
    for view, shape in view_shapes(settings).items():
        forms[view] = ArrayForm(shape, FLUX)
        forms[view + SCATTERS] = ArrayForm(shape, SCATTER)
        forms[f"{view}_count"] = ArrayForm(shape, COUNT)
    forms[NUMBERS] = ArrayForm((len(SCALARS),), FLUX)
    return forms


def view_shapes(settings: ViewForms) -> dict[str, tuple[int, ...]]:
    """The views that are made, by name, and the shape that each has for one signal."""
    local, multiple, unfolded = settings.local.length, settings.multiples.length, settings.unfolded
    shapes: dict[str, tuple[int, ...]] = {
        "odd": (local,),
        "even": (local,),
        "secondary": (local,),
        "half_period": (multiple,),
        "twice_period": (multiple,),
        "unfolded": (unfolded.transits, unfolded.length),
        "centroid": (2, local),
    }
    return {"global": (settings.global_.length,), "local": (local,), **{name: shapes[name] for name in settings.more}}
