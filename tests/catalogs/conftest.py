"""Small catalogs, written row by row."""

from pathlib import Path

import pytest
from catalogs.frames import OWN_HEADER

from lightmill.catalogs.reading import read_catalog

# One sound row of every table, as its archive writes it.
SOUND = {
    "koi": {
        "kepid": "10797460",
        "kepoi_name": "K00752.01",
        "koi_disposition": "CONFIRMED",
        "koi_period": "9.488035570",
        "koi_period_err1": "2.7750000e-05",
        "koi_period_err2": "-2.9750000e-05",
        "koi_time0bk": "170.5387500",
        "koi_time0bk_err1": "2.160000e-03",
        "koi_time0bk_err2": "-2.160000e-03",
        "koi_duration": "2.95750",
        "koi_depth": "6.1580e+02",
        "koi_prad": "2.26",
        "koi_model_snr": "35.80",
        "ra": "291.934230",
        "dec": "48.141651",
        "koi_kepmag": "15.347",
    },
    "k2pandc": {
        "pl_name": "EPIC 201126503 b",
        "hostname": "EPIC 201126503",
        "default_flag": "1",
        "disposition": "CANDIDATE",
        "discoverymethod": "Transit",
        "pl_orbper": "1.19463400",
        "pl_orbpererr1": "0.00012",
        "pl_orbpererr2": "-0.00010",
        "pl_orbperlim": "0",
        "ra": "176.3",
        "dec": "-5.8",
        "sy_gaiamag": "12.5",
    },
    "toi": {
        "toi": "1000.01",
        "tid": "50365310",
        "tfopwg_disp": "FP",
        "pl_tranmid": "2459229.6300460",
        "pl_tranmiderr1": "0.001657",
        "pl_tranmiderr2": "-0.001657",
        "pl_orbper": "2.1713484",
        "pl_orbpererr1": "0.0002637",
        "pl_orbpererr2": "-0.0002637",
        "pl_trandurh": "2.0172196",
        "pl_trandep": "656.8860989",
        "ra": "112.3577080",
        "dec": "-12.6959600",
        "st_tmag": "9.6040000",
        "pl_rade": "5.8181633",
    },
    "exofop_toi": {
        "": "0",
        "TIC ID": "231663901",
        "TOI": "101.01",
        "TFOPWG Disposition": "KP",
        "Epoch (BJD)": "2459036.904104",
        "Epoch (BJD) err": "0.0003926639",
        "Period (days)": "1.43036914033977",
        "Period (days) err": "9.2e-07",
        "Duration (hours)": "1.64387283171534",
        "Depth (ppm)": "19151.2162143199",
        "RA": "21:14:56.88",
        "Dec": "-00:52:18.71",
        "TESS Mag": "12.4069",
        "Planet SNR": "109.6",
        "Planet Radius (R_Earth)": "13.25",
        "Comments": "WASP-46 b",
    },
    "exominer": {
        "TCE ID": "390651552-1-S23",
        "TIC ID": "390651552",
        "Sector Run": "23",
        "Planet Number": "1",
        "ExoMiner Score": "0.999",
        "DV mini-report URL": "[Download](https://mast.stsci.edu/x)",
        "Orbital Period [day]": "1.467",
        "Transit Duration [hour]": "1.008",
        "Transit Epoch [BTJD]": "1928.225",
        "Transit Depth [ppm]": "1599.528",
        "Planet Radius [Earth Radii]": "1.333",
        "MES": "24.825",
        "Transit Model SNR": "34.199",
        "Number of transits observed": "13.0",
    },
    "dr24": {
        "kepid": "1162345",
        "tce_plnt_num": "2",
        "tce_period": "0.831850",
        "tce_period_err": "6.693070000e-05",
        "tce_time0bk": "132.227",
        "tce_time0bk_err": "3.519700000e-02",
        "tce_duration": "2.3920",
        "av_training_set": "AFP",
    },
    "dr25": {
        "target_id": "7904375",
        "tce_plnt_num": "1",
        "tce_period": "0.534413",
        "tce_time0bk": "131.986",
        "tce_duration": "1.5",
        "transit_depth": "1289.0",
        "tce_model_snr": "-1.0",
        "tce_prad": "2.005",
        "mag": "15.426",
        "ra": "296.13605",
        "dec": "43.617851",
        "kepoi_name": "",
        "koi_disposition": "",
        "koi_period": "",
        "label": "NTP",
        "cv_fold": "0",
    },
    "dr25_tce": {
        "kepid": "7904375",
        "tce_plnt_num": "1",
        "tce_delivname": "q1_q17_dr25_tce",
        "tce_period": "0.534413",
        "tce_period_err": "1.2e-06",
        "tce_time0bk": "131.986",
        "tce_time0bk_err": "0.0021",
        "tce_duration": "1.5",
        "tce_depth": "1289.0",
        "tce_model_snr": "-1",
        "ra": "296.13605",
        "dec": "43.617851",
        "tce_quarters": "01110000000000001",
    },
    "yu2019": {
        "row_id": "0",
        "tic_id": "278825952",
        "toi_id": "0.01",
        "Disposition": "EB",
        "RA": "100.470619",
        "Dec": "-55.794991",
        "Tmag": "11.512",
        "Epoc": "1326.555018",
        "Period": "2.390579",
        "Duration": "4.94276114",
        "Transit_Depth": "904050",
        "SN": "670.96572",
    },
    "own": {
        "target_id": "TIC 25155310",
        "period_d": "3.28888",
        "period_err_d": "0.00002",
        "epoch_bjd": "2458327.05207",
        "epoch_err_d": "0.0004",
        "duration_h": "3.2",
        "depth_ppm": "5890",
        "disposition": "planet",
    },
}


def as_csv(*rows):
    """Rows (dicts of text, the first gives the columns) as the lines of a CSV table."""
    return [",".join(rows[0]), *(",".join(row.get(name, "") for name in rows[0]) for row in rows)]


@pytest.fixture
def table(tmp_path):
    """A function: write a table of sound rows, each with the changes given, and return its path."""

    def write(kind, *changes, above=(), columns=(), without=(), end="\n", name="table.csv") -> Path:
        sound = {**SOUND[kind], **dict.fromkeys(columns, "")}
        sound = {name: cell for name, cell in sound.items() if name not in without}
        rows = [{**sound, **change} for change in changes or ({},)]
        path = tmp_path / name
        path.write_bytes(end.join([*above, *as_csv(*rows), ""]).encode())
        return path

    return write


@pytest.fixture
def listed(tmp_path):
    """A function: write lines of text as a list of a user's own, under a header, and read it."""

    def read(*lines, header=OWN_HEADER, settings=None):
        path = tmp_path / "my_targets.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return read_catalog(path, settings)

    return read
