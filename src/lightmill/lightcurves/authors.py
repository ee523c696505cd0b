"""The pipelines whose light curves are read: how each one's files look, and how to tell whose a file is.

Every one of them keeps its light curve in the first extension. What differs is in `AUTHORS`, one entry a pipeline:

- Kepler, K2: Kepler Archive Manual (KDMC-10008-006), 2.3.1; K2 Handbook (KSCI-19116), 3.
- K2SFF: Vanderburg & Johnson 2014, PASP 126, 948; archive.stsci.edu/hlsp/k2sff. The first extension (BESTAPER) is the
  best of twenty apertures. No quality bits: MOVING says where the thrusters fired.
- EVEREST: Luger et al. 2018, AJ 156, 99; the project's own "FITS Files" (docs/fitsfiles.rst) and its writer
  (everest/fits.py, everest/missions/k2/k2.py): header cards are copied from K2's pixel files where these have them.
- SPOC: TESS Science Data Products Description Document (EXP-TESS-ARC-ICD-0014), 5; 20 s since sector 27.
- TESS-SPOC: Caldwell et al. 2020, RNAAS 4, 201; archive.stsci.edu/hlsp/tess-spoc: SPOC's own files at the cadence of
  the full frames.
- QLP: Huang et al. 2020, RNAAS 4, 204 and 206; hlsp_qlp_tess_ffi_all_tess_v1_data-prod-desc.pdf; from sector 56 on
  Kunimoto et al. 2022 (arXiv:2211.04387).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lightmill.errors import LightCurveError
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD, Mission

# The header cards (of the primary header) that say which star and which part of the survey a file is of.
IDENTITY_KEY: dict[Mission, str] = {"Kepler": "KEPLERID", "K2": "KEPLERID", "TESS": "TICID"}
SEGMENT_KEY: dict[Mission, str] = {"Kepler": "QUARTER", "K2": "CAMPAIGN", "TESS": "SECTOR"}
# Zero points of the missions' own clocks, BKJD and BTJD.
ZERO_BJD: dict[Mission, float] = {"Kepler": BKJD_ZERO_BJD, "K2": BKJD_ZERO_BJD, "TESS": BTJD_ZERO_BJD}

# K2's own bit of a thruster firing, the 21st: where a pipeline marks firings by itself, they get this bit.
THRUSTER_FIRING = 1 << 20
# A cadence may differ from the nominal one by this share of it.
CADENCE_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Author:
    """A pipeline, and what its files look like."""

    name: str
    mission: Mission
    columns: tuple[Mapping[str, str], ...]
    """Columns of `LightCurve` and their names in the files. Of several layouts the first counts of which a file has
    every column. Columns of `LightCurve` that are not named are not in the files: NaN."""
    cadences: tuple[tuple[int, float], ...]
    """First quarter, campaign or sector from which a cadence holds, and the cadence in seconds; rising."""
    cadence_name: str
    """What people call that cadence."""
    marks: tuple[frozenset[str], ...] = ()
    """Sets of columns by which a file is known as this pipeline's: any of them is enough."""
    origin: str = ""
    """Text in the card ORIGIN by which a file is known, in capitals."""
    flags: Mapping[str, int] = field(default_factory=dict)
    """Columns in place of quality bits: where one is not zero, this bit is set."""
    whole_floats: frozenset[str] = frozenset()
    """Columns of whole numbers that the files hold as floating-point ones."""
    states_clock: bool = True
    """Whether its files always have BJDREFI, BJDREFF and TIMEDEL. Where not, a missing zero point is read from the
    unit of the time column (`BJD - 2454833`), a missing cadence from the steps of time; neither is assumed."""
    relative: bool = False
    """Whether its fluxes are divided by a level near their median; else they are in electrons per second."""

    def cadence_s(self, segment: int) -> float:
        """The cadence in seconds that its files of a quarter, campaign or sector have."""
        return next((seconds for first, seconds in reversed(self.cadences) if first <= segment), self.cadences[0][1])


_PIPELINE = {
    "time_bjd": "TIME",
    "cadence_number": "CADENCENO",
    "pdcsap_flux": "PDCSAP_FLUX",
    "pdcsap_flux_err": "PDCSAP_FLUX_ERR",
    "sap_flux": "SAP_FLUX",
    "sap_flux_err": "SAP_FLUX_ERR",
    "sap_background": "SAP_BKG",
    "sap_background_err": "SAP_BKG_ERR",
    "mom_centr1": "MOM_CENTR1",
    "mom_centr2": "MOM_CENTR2",
    "pos_corr1": "POS_CORR1",
    "pos_corr2": "POS_CORR2",
}
_KEPLER_COLUMNS = ({**_PIPELINE, "quality": "SAP_QUALITY"},)
_TESS_COLUMNS = ({**_PIPELINE, "quality": "QUALITY"},)
# The detrended flux: that of the best aperture, its own slow trend divided out by a spline.
_QLP = {
    "time_bjd": "TIME",
    "cadence_number": "CADENCENO",
    "sap_flux": "SAP_FLUX",
    "sap_background": "SAP_BKG",
    "sap_background_err": "SAP_BKG_ERR",
    "quality": "QUALITY",
    "mom_centr1": "SAP_X",
    "mom_centr2": "SAP_Y",
}
# Time between cadences: 29.4 minutes (Kepler Archive Manual 2.1.3), 2 minutes (TESS Archive Manual 2.1); TESS's full
# frames came every 30 minutes in its first two years, every 10 in the next two, and every 200 s since sector 56.
_LONG_CADENCE = ((0, 1765.5),)
_FULL_FRAMES = ((1, 1800.0), (27, 600.0), (56, 200.0))

_ENTRIES = (
    Author("Kepler", "Kepler", _KEPLER_COLUMNS, _LONG_CADENCE, "long cadence"),
    Author("K2", "K2", _KEPLER_COLUMNS, _LONG_CADENCE, "long cadence"),
    Author(
        "K2SFF",
        "K2",
        ({"time_bjd": "T", "cadence_number": "CADENCENO", "pdcsap_flux": "FCOR", "sap_flux": "FRAW"},),
        _LONG_CADENCE,
        "long cadence",
        marks=(frozenset({"T", "CADENCENO", "FCOR", "FRAW"}),),
        flags={"MOVING": THRUSTER_FIRING},
        relative=True,
    ),
    Author(
        "EVEREST",
        "K2",
        # FLUX rather than FCOR, which has trends common to neighbours taken out as well and is not in every file.
        (
            {
                "time_bjd": "TIME",
                "cadence_number": "CADN",
                "pdcsap_flux": "FLUX",
                "sap_flux": "FRAW",
                "sap_flux_err": "FRAW_ERR",
                "quality": "QUALITY",
            },
        ),
        _LONG_CADENCE,
        "long cadence",
        marks=(frozenset({"CADN", "FRAW"}),),
        whole_floats=frozenset({"CADN"}),
        states_clock=False,
    ),
    Author("SPOC", "TESS", _TESS_COLUMNS, ((1, 120.0),), "2-minute"),
    Author("SPOC-20s", "TESS", _TESS_COLUMNS, ((1, 20.0),), "20-second"),
    Author("TESS-SPOC", "TESS", _TESS_COLUMNS, _FULL_FRAMES, "full frames"),
    Author(
        "QLP",
        "TESS",
        # Sectors 1 to 55, and those since.
        (
            {**_QLP, "pdcsap_flux": "KSPSAP_FLUX", "pdcsap_flux_err": "KSPSAP_FLUX_ERR"},
            {**_QLP, "pdcsap_flux": "DET_FLUX", "pdcsap_flux_err": "DET_FLUX_ERR"},
        ),
        _FULL_FRAMES,
        "full frames",
        marks=(frozenset({"KSPSAP_FLUX"}), frozenset({"DET_FLUX"})),
        origin="MIT/QLP",
        states_clock=False,
        relative=True,
    ),
)
AUTHORS: dict[str, Author] = {author.name: author for author in _ENTRIES}
# Whose files are read where nobody is asked for: the missions' own. SPOC makes files of two cadences; meant are those
# that it makes of every target.
OWN: dict[Mission, str] = {"Kepler": "Kepler", "K2": "K2", "TESS": "SPOC"}


def find_author(name: str) -> Author:
    """The pipeline of a name; LightCurveError, with the names that there are, if it is none."""
    author = AUTHORS.get(name)
    if author is None:
        raise LightCurveError(f"author {name!r}: expected one of {', '.join(AUTHORS)}")
    return author


def possible_authors(mission: Mission, origin: str, columns: set[str], cadence_s: float) -> list[Author]:
    """Whose a file of a mission can be.

    Parameters
    ----------
    mission : the mission that the file is of
    origin : its card ORIGIN
    columns : names of its columns, in capitals
    cadence_s : cadence in seconds that its header states, NaN if none

    Returns
    -------
    list of Author, at least one
        One where its origin, its columns or its cadence say whose it is. Several, the mission's own first, where none
        of them does.
    """
    marked, unmarked = [], []
    for author in AUTHORS.values():
        if author.mission == mission and (author.marks or author.origin):
            by_origin = bool(author.origin) and author.origin in origin.upper()
            if by_origin or any(mark <= columns for mark in author.marks):
                marked.append(author)
        elif author.mission == mission:
            unmarked.append(author)
    if marked:
        return marked
    of_cadence = [author for author in unmarked if any(is_cadence(cadence_s, own) for _, own in author.cadences)]
    return of_cadence or unmarked


def is_cadence(cadence_s: float, nominal_s: float) -> bool:
    """Whether a cadence is a nominal one, within 1 %; False if it is NaN."""
    return abs(cadence_s / nominal_s - 1) <= CADENCE_TOLERANCE
