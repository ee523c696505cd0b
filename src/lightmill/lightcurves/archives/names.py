"""The archives' own paths and file names, as functions of a star's number and a quarter, campaign or sector.

Sources: the missions' archive manuals; for Kepler, K2 and TESS the folders of archive.stsci.edu/missions, for the
others the pages of their authors' data at archive.stsci.edu/hlsps (K2SFF: Vanderburg & Johnson 2014; EVEREST: Luger et
al. 2018; TESS-SPOC: Caldwell et al. 2020; QLP: Huang et al. 2020).
"""

import re

from lightmill.targets import Mission

# Kepler names long-cadence files by the time of the quarter's last cadence (Kepler Archive Manual, table of
# quarters); in quarter 4 the stars of module 3, which failed on 2010 January 9, have a stamp of their own.
KEPLER_QUARTERS: dict[str, int] = {
    "2009131105131": 0,
    "2009166043257": 1,
    "2009259160929": 2,
    "2009350155506": 3,
    "2010078095331": 4,
    "2010009091648": 4,
    "2010174085026": 5,
    "2010265121752": 6,
    "2010355172524": 7,
    "2011073133259": 8,
    "2011177032512": 9,
    "2011271113734": 10,
    "2012004120508": 11,
    "2012088054726": 12,
    "2012179063303": 13,
    "2012277125453": 14,
    "2013011073258": 15,
    "2013098041711": 16,
    "2013131215648": 17,
}
# Campaigns of K2 as the archive numbers them: 9, 10 and 11 were cut in two.
K2_CAMPAIGNS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 91, 92, 101, 102, 111, 112, 12, 13, 14, 15, 16, 17, 18, 19)

KEPLER_TREE = "missions/kepler/lightcurves"
K2_TREE = "missions/k2/lightcurves"
TESS_TREE = "missions/tess/tid"
K2SFF_TREE = "hlsps/k2sff"
EVEREST_TREE = "hlsps/everest/v2"
TESS_SPOC_TREE = "hlsps/tess-spoc"
QLP_TREE = "hlsps/qlp"
# The tree of every pipeline's files, by mission.
TREES: dict[Mission, dict[str, str]] = {
    "Kepler": {"Kepler": KEPLER_TREE},
    "K2": {"K2": K2_TREE, "K2SFF": K2SFF_TREE, "EVEREST": EVEREST_TREE},
    "TESS": {"SPOC": TESS_TREE, "SPOC-20s": TESS_TREE, "TESS-SPOC": TESS_SPOC_TREE, "QLP": QLP_TREE},
}
SECTOR_SCRIPTS = "missions/tess/download_scripts/sector"

# Where a tree of the archive is in the public bucket stpubdata (registry.opendata.aws/tess, .../kepler).
_S3_PREFIX = {
    KEPLER_TREE: "kepler/public/lightcurves",
    K2_TREE: "k2/public/lightcurves",
    TESS_TREE: "tess/public/tid",
}


def tree_of(path: str) -> str:
    """The tree of a mission or pipeline that a path of the archive lies in; the path itself outside of them."""
    trees = [tree for of_mission in TREES.values() for tree in of_mission.values()]
    return next((tree for tree in trees if path == tree or path.startswith(f"{tree}/")), path)


def s3_key(path: str) -> str | None:
    """The key in the public bucket of a path of the archive, None where the bucket does not have that tree."""
    for tree, prefix in _S3_PREFIX.items():
        if path == tree or path.startswith(f"{tree}/"):
            return prefix + path.removeprefix(tree)
    return None


def kepler_folder(number: int) -> str:
    """The folder of a star's Kepler files."""
    digits = f"{number:09d}"
    return f"{KEPLER_TREE}/{digits[:4]}/{digits}"


def kepler_names(number: int, quarter: int) -> tuple[str, ...]:
    """The paths that a star's long-cadence file of a quarter can have: one, or in quarter 4 one of two."""
    stamps = [stamp for stamp, of_quarter in KEPLER_QUARTERS.items() if of_quarter == quarter]
    return tuple(f"{kepler_folder(number)}/kplr{number:09d}-{stamp}_llc.fits" for stamp in stamps)


def kepler_quarter(name: str) -> int | None:
    """The quarter that the time stamp in a file's name stands for, None if it is none of Kepler's."""
    match = re.search(r"-([0-9]{13})_llc\.fits$", name, re.ASCII)
    return KEPLER_QUARTERS.get(match[1]) if match else None


def k2_folder(number: int, campaign: int) -> str:
    """The folder of a K2 star's own files: shared by the stars of a thousand numbers."""
    digits = f"{number:09d}"
    return f"{K2_TREE}/c{campaign}/{digits[:4]}00000/{digits[4:6]}000"


def k2_name(number: int, campaign: int) -> str:
    """The path of a star's K2 file of a campaign (the folder's number is not padded, the file's is)."""
    return f"{k2_folder(number, campaign)}/ktwo{number:09d}-c{campaign:02d}_llc.fits"


def k2sff_name(number: int, campaign: int) -> str:
    """The path of a star's K2SFF file of a campaign."""
    digits = f"{number:09d}"
    file = f"hlsp_k2sff_k2_lightcurve_{digits}-c{campaign:02d}_kepler_v1_llc.fits"
    return f"{K2SFF_TREE}/c{campaign:02d}/{digits[:4]}00000/{digits[4:]}/{file}"


def everest_name(number: int, campaign: int) -> str:
    """The path of a star's EVEREST file of a campaign."""
    digits = f"{number:09d}"
    file = f"hlsp_everest_k2_llc_{digits}-c{campaign:02d}_kepler_v2.0_lc.fits"
    return f"{EVEREST_TREE}/c{campaign:02d}/{digits[:4]}00000/{digits[4:]}/{file}"


def tess_folders(number: int) -> str:
    """A TIC number as the archive nests it: 16 digits in folders of four."""
    digits = f"{number:016d}"
    return "/".join(digits[start : start + 4] for start in range(0, 16, 4))


def tess_folder(author: str, number: int, sector: int) -> str:
    """The folder of a star's files of a sector, by pipeline (SPOC, SPOC-20s, TESS-SPOC or QLP)."""
    tail = tess_folders(number)
    if author == "TESS-SPOC":
        return f"{TESS_SPOC_TREE}/s{sector:04d}/target/{tail}"
    if author == "QLP":
        return f"{QLP_TREE}/s{sector:04d}/{tail}"
    return f"{TESS_TREE}/s{sector:04d}/{tail}"


_TESS_FILES = {
    "SPOC": r"tess[0-9]{13}-s(?P<sector>[0-9]{4})-(?P<tic>[0-9]{16})-[0-9]{4}-[a-z]_lc\.fits",
    "SPOC-20s": r"tess[0-9]{13}-s(?P<sector>[0-9]{4})-(?P<tic>[0-9]{16})-[0-9]{4}-[a-z]_fast-lc\.fits",
    "TESS-SPOC": r"hlsp_tess-spoc_tess_phot_(?P<tic>[0-9]{16})-s(?P<sector>[0-9]{4})_tess_v[0-9]+_lc\.fits",
    "QLP": r"hlsp_qlp_tess_ffi_s(?P<sector>[0-9]{4})-(?P<tic>[0-9]{16})_tess_v[0-9]+_llc\.fits",
}


def parse_tess_file(file: str) -> tuple[str, int, int] | None:
    """Author, TIC number and sector of a TESS light curve by its file name; None if it is none that is known."""
    for author, pattern in _TESS_FILES.items():
        match = re.fullmatch(pattern, file, re.ASCII)
        if match is not None:
            return author, int(match["tic"]), int(match["sector"])
    return None
