import re
import subprocess
import sys

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate import simulated_catalogs, simulated_manifests
from lightmill.simulate.paths import k2_file, kepler_file, simulated_index, simulated_target, tess_file
from lightmill.targets import target_number

# The largest numbers of real stars in the Kepler Input Catalog and the EPIC; the TIC has none between these.
LAST_KIC, LAST_EPIC, TIC_GAP = 13_161_029, 251_809_654, (3_000_000_000, 10_000_000_000)


def test_paths_are_those_of_the_archives():
    assert kepler_file(11442793, "2009350155506") == (
        "missions/kepler/lightcurves/0114/011442793/kplr011442793-2009350155506_llc.fits"
    )
    assert k2_file(206103150, 3) == "missions/k2/lightcurves/c3/206100000/03000/ktwo206103150-c03_llc.fits"
    assert tess_file(261136679, 1, "2018206045859", "0120") == (
        "missions/tess/tid/s0001/0000/0002/6113/6679/tess2018206045859-s0001-0000000261136679-0120-s_lc.fits"
    )


def test_numbers_are_of_no_real_star_and_keep_their_digits():
    for index in (0, 1, 8999):
        kic, epic, tic = (target_number(simulated_target(mission, index)) for mission in ("Kepler", "K2", "TESS"))
        assert LAST_KIC < kic < 10**9
        assert LAST_EPIC < epic < 10**9
        assert TIC_GAP[0] < tic < TIC_GAP[1]
        assert re.search(r"/09\d\d/09\d{7}/kplr09", kepler_file(kic, "x"))
        assert re.search(r"/99\d{2}00000/\d{2}000/ktwo99\d{7}-c03", k2_file(epic, 3))
        assert re.search(r"/0000/009\d/\d{4}/\d{4}/", tess_file(tic, 1, "x", "y"))


def test_a_number_tells_the_place_on_the_list():
    for mission in ("Kepler", "K2", "TESS"):
        for index in (0, 1, 8999):
            assert simulated_index(simulated_target(mission, index)) == index
    for real in ("KIC 11442793", "KIC 90000000", "KIC 90000002", "EPIC 201367065", "TIC 261136679"):
        assert simulated_index(real) == -1


def test_a_mission_without_targets_has_no_files():
    settings = SimulationSettings(folder="f", n_tess=0, n_kepler=3, n_k2=0, parts=3)
    assert simulated_catalogs(settings) == {"koi": "f/catalogs/cumulative_2026.01.01_00.00.00.csv"}
    assert simulated_manifests(settings, "TESS") == []
    assert simulated_manifests(settings, "Kepler") == [f"f/archive/Kepler-{part}.json" for part in range(3)]


def test_the_paths_are_known_without_heavy_imports():
    code = "import sys, lightmill.simulate; print(sorted({'numpy', 'batman', 'pandas', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
