"""A star's brightness over time, as every later stage sees it."""

from dataclasses import dataclass

import numpy as np

from lightmill.targets import Mission, mission_of

# The columns of a light curve, in the order of the store, with their types.
COLUMNS: dict[str, np.dtype] = {
    "time_bjd": np.dtype("float64"),
    "cadence_number": np.dtype("int32"),
    "pdcsap_flux": np.dtype("float32"),
    "pdcsap_flux_err": np.dtype("float32"),
    "sap_flux": np.dtype("float32"),
    "sap_flux_err": np.dtype("float32"),
    "sap_background": np.dtype("float32"),
    "sap_background_err": np.dtype("float32"),
    "quality": np.dtype("int32"),
    "mom_centr1": np.dtype("float32"),
    "mom_centr2": np.dtype("float32"),
    "pos_corr1": np.dtype("float32"),
    "pos_corr2": np.dtype("float32"),
    "segment": np.dtype("int16"),
}

# What a light curve says of its star; units are in `LightCurve`.
STAR = ("ra_deg", "dec_deg", "pm_ra_mas_yr", "pm_dec_mas_yr", "magnitude", "teff_k", "logg", "radius_rsun")


@dataclass(frozen=True, slots=True)
class Segment:
    """One quarter, campaign or sector of a light curve, and the file it was read from.

    Numbers that a file does not state are NaN, or -1 where they are whole.
    """

    number: int
    """Quarter, campaign (91, 92, 101, 102, 111, 112 for the halves of 9, 10 and 11) or sector."""
    author: str
    """Pipeline that made the light curve, by its name in `lightmill.lightcurves.authors`: `Kepler`, `SPOC`, `QLP`..."""
    cadence_s: float
    """Time from one cadence to the next, in seconds."""
    exposure_s: float
    """Time within a cadence in which light was collected, in seconds."""
    crowdsap: float
    """Share of the flux in the aperture that is the target's own (PDCSAP flux is corrected for it, SAP is not)."""
    flfrcsap: float
    """Share of the target's flux that falls into the aperture."""
    channel: int
    """Kepler and K2: CCD channel, 1 to 84; it changes from quarter to quarter."""
    camera: int
    """TESS: camera, 1 to 4."""
    ccd: int
    """TESS: CCD of the camera, 1 to 4."""
    data_release: int
    """The archive's data release."""
    rows_without_time: int
    """Rows of the file left out because they have no time."""
    file: str
    """Name of the file, relative to the archive's base URL."""
    sha256: str
    """Hex SHA-256 of that file."""
    size_bytes: int
    """Size of that file."""
    date: str
    """When its pipeline wrote it, as the card DATE says; empty if it does not."""
    star: tuple[float, ...]
    """What it says of the star, in the order and the units of `STAR`."""


@dataclass(frozen=True, slots=True, eq=False)
class LightCurve:
    """A target's light curve in all its segments: one row per cadence, sorted by time, no two rows of one time.

    All arrays have the same length; their types are in `COLUMNS`. Fluxes are in electrons per second, in segments by
    K2SFF and QLP relative to a level near their median; NaN where the pipeline gives none, errors and positions too.
    `segment` is an index into `segments`. Nothing is masked: `quality` holds the bits of each segment's own author,
    whose meanings differ. What the header does not state about the star is NaN. Segments may have different cadences.
    """

    target_id: str
    segments: tuple[Segment, ...]

    time_bjd: np.ndarray
    """Middle of the cadence, BJD_TDB."""
    cadence_number: np.ndarray
    pdcsap_flux: np.ndarray
    pdcsap_flux_err: np.ndarray
    sap_flux: np.ndarray
    sap_flux_err: np.ndarray
    sap_background: np.ndarray
    sap_background_err: np.ndarray
    quality: np.ndarray
    """Raw quality bits of the segment's author (SAP_QUALITY or QUALITY; from K2SFF's MOVING K2's bit of a thruster
    firing)."""
    mom_centr1: np.ndarray
    """Flux-weighted centroid, column in pixels."""
    mom_centr2: np.ndarray
    """Flux-weighted centroid, row in pixels."""
    pos_corr1: np.ndarray
    """Local image motion along columns, in pixels."""
    pos_corr2: np.ndarray
    """Local image motion along rows, in pixels."""
    segment: np.ndarray
    """Index into `segments`, not the number of the quarter."""

    ra_deg: float
    """Right ascension, ICRS, degrees."""
    dec_deg: float
    pm_ra_mas_yr: float
    """Proper motion in right ascension, milliarcseconds per year."""
    pm_dec_mas_yr: float
    magnitude: float
    """Brightness in the mission's own band: Kp (KEPMAG) or T (TESSMAG)."""
    teff_k: float
    """Effective temperature, kelvin."""
    logg: float
    """Surface gravity, log10 of cm/s²."""
    radius_rsun: float
    """Radius in solar radii."""

    @property
    def mission(self) -> Mission:
        """The mission, from the target id."""
        return mission_of(self.target_id)

    def __len__(self) -> int:
        """Number of cadences."""
        return len(self.time_bjd)
