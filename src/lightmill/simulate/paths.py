"""Where a simulated survey lies: its catalogs, its truth, and its light curves in the archives' folder trees.

Simulated stars have numbers that no real star has, for the light-curve store is shared by runs. The Kepler Input
Catalog ends at 13,161,029, the EPIC at 251,809,654, and the numbers of the TIC lie below 3e9 or above 1e10.
"""

from lightmill.config.simulation import SimulationSettings
from lightmill.targets import MISSIONS, Mission, mission_of, target_name, target_number

FIRST_NUMBER: dict[str, int] = {"Kepler": 90_000_000, "K2": 990_000_000, "TESS": 9_000_000_000}
# Neighbours on the list are far apart in number, so that they spread over the archive's folders.
NUMBER_STEP = 1009

# The snapshot that the simulated tables claim to be: fixed, for files hold only what the seed determines.
SNAPSHOT = "2026.01.01_00.00.00"
CATALOG_FILES: dict[str, tuple[str, Mission]] = {
    "koi": (f"cumulative_{SNAPSHOT}.csv", "Kepler"),
    "k2pandc": (f"k2pandc_{SNAPSHOT}.csv", "K2"),
    "toi": (f"TOI_{SNAPSHOT}.csv", "TESS"),
    "exominer": ("exominer_vetting_tess-spoc-2-min-s1s67_dashtable_dvm-url_scoregt0.1.csv", "TESS"),
}


def simulated_catalogs(settings: SimulationSettings) -> dict[str, str]:
    """The catalog files of a simulated survey by kind of table, for its missions alone; they need not exist yet."""
    targets = settings.targets()
    return {
        table: f"{settings.folder}/catalogs/{name}"
        for table, (name, mission) in CATALOG_FILES.items()
        if targets[mission] > 0
    }


def truth_path(settings: SimulationSettings) -> str:
    """The parquet file with the truth of every signal."""
    return f"{settings.folder}/truth.parquet"


def archive_folder(settings: SimulationSettings) -> str:
    """The folder that a base URL `file://...` names: the archives' trees (`missions/...`) lie below it."""
    return f"{settings.folder}/archive"


def simulated_manifests(settings: SimulationSettings, mission: str) -> list[str]:
    """The manifests of one mission's light curves, one per part; none if the mission is left out."""
    if settings.targets()[mission] == 0:
        return []
    return [manifest_path(settings, mission, part) for part in range(settings.parts)]


def manifest_path(settings: SimulationSettings, mission: str, part: int) -> str:
    """The manifest of one part: the list of its FITS files, each with its SHA-256."""
    return f"{archive_folder(settings)}/{mission}-{part}.json"


def simulated_missions(settings: SimulationSettings) -> list[Mission]:
    """The missions that have targets, in the usual order."""
    return [mission for mission in MISSIONS if settings.targets()[mission] > 0]


def simulated_target(mission: Mission, index: int) -> str:
    """The target id of the star at place `index` (0, 1, ...) of a mission's list."""
    return target_name(mission, FIRST_NUMBER[mission] + 1 + NUMBER_STEP * index)


def simulated_index(target_id: str) -> int:
    """The place of a simulated star on its mission's list; -1 for one with a number that no simulated star has."""
    index, between = divmod(target_number(target_id) - FIRST_NUMBER[mission_of(target_id)] - 1, NUMBER_STEP)
    return index if index >= 0 and between == 0 else -1


def kepler_file(number: int, stamp: str) -> str:
    """A long-cadence quarter, below the archive's folder (Kepler Archive Manual, section 2)."""
    return f"missions/kepler/lightcurves/{number:09d}"[:-5] + f"/{number:09d}/kplr{number:09d}-{stamp}_llc.fits"


def k2_file(number: int, campaign: int) -> str:
    """A K2 campaign: the folder has the campaign unpadded, the file has it with two digits."""
    digits = f"{number:09d}"
    return (
        f"missions/k2/lightcurves/c{campaign}/{digits[:4]}00000/{digits[4:6]}000/ktwo{digits}-c{campaign:02d}_llc.fits"
    )


def tess_file(number: int, sector: int, stamp: str, configuration: str) -> str:
    """A two-minute sector (TESS Science Data Products Description Document, file naming)."""
    digits = f"{number:016d}"
    folders = "/".join(digits[place : place + 4] for place in range(0, 16, 4))
    return f"missions/tess/tid/s{sector:04d}/{folders}/tess{stamp}-s{sector:04d}-{digits}-{configuration}-s_lc.fits"
