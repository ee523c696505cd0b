"""Real planets, from the archive's files to folded views: at the centre, and as deep as their catalogs say."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.views import Views
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.targets import BKJD_ZERO_BJD
from lightmill.views import make_shard_views, stored_light_curves

KEPLER = {
    5735762: "Kepler-48",
    6462863: "Kepler-89",
    6541920: "Kepler-11",
    6850504: "Kepler-20",
    8644288: "Kepler-18",
    10666592: "HAT-P-7",
    11442793: "Kepler-90",
}
TESS = {"144.01": "pi Men c", "114.01": "WASP-126 b"}
# The K2 table of the default download has no epochs; these planets of K2 hosts were observed by TESS too, and their
# TOI ephemerides, carried back five years and more, fold the K2 light curves.
K2 = {
    "4539.01": ("WASP-47 b", "EPIC 206103150"),
    "5087.01": ("K2-136 c", "EPIC 247589423"),
    "4517.01": ("GJ 9827 b", "EPIC 246389858"),
}
# Kepler-90 g and h pull at each other: the one transit of g in Q3 to Q5 comes an hour and a half before the linear
# ephemeris of the catalog (Cabrera et al. 2014, ApJ 781, 18; Liang, Robnik and Seljak 2021, AJ 161, 202).
TIMING_VARIATIONS = {"Kepler-90 g"}
CERTAIN_SNR = 50.0


def kepler_signals(folder: Path) -> pd.DataFrame:
    koi = pd.read_csv(folder / "kepler" / "cumulative_2025.10.04_11.29.34.csv", skiprows=53)
    koi = koi[koi["kepid"].isin(KEPLER)]
    return pd.DataFrame(
        {
            "signal_id": "KOI " + koi["kepoi_name"],
            "name": koi["kepler_name"],
            "target_id": "KIC " + koi["kepid"].astype(str),
            "period_d": koi["koi_period"],
            "epoch_bjd": koi["koi_time0bk"] + BKJD_ZERO_BJD,
            "duration_h": koi["koi_duration"],
            "depth_ppm": koi["koi_depth"],
        }
    )


def toi_signals(folder: Path, numbers: list[str]) -> pd.DataFrame:
    (path,) = folder.glob("tess/TOI_2025.10.04*.csv")
    lines = path.read_text().splitlines()
    toi = pd.read_csv(path, skiprows=sum(line.startswith("#") for line in lines), dtype={"toi": str})
    toi = toi[toi["toi"].isin(numbers)]
    return pd.DataFrame(
        {
            "signal_id": "TOI " + toi["toi"],
            "name": toi["toi"].map(TESS),
            "target_id": "TIC " + toi["tid"].astype(str),
            "period_d": toi["pl_orbper"],
            "epoch_bjd": toi["pl_tranmid"],
            "duration_h": toi["pl_trandurh"],
            "depth_ppm": toi["pl_trandep"],
        }
    )


def k2_signals(folder: Path) -> pd.DataFrame:
    signals = toi_signals(folder, list(K2))
    number = signals["signal_id"].str.removeprefix("TOI ")
    return signals.assign(name=number.map(lambda toi: K2[toi][0]), target_id=number.map(lambda toi: K2[toi][1]))


class Made:
    """The views of one mission's sample."""

    def __init__(self, mission: str, signals: pd.DataFrame, archive: Path, folder: Path) -> None:
        folder.mkdir()
        self.signals = signals.set_index("signal_id")
        signals.drop(columns="name").assign(linked="").to_parquet(folder / "signals.parquet")
        targets = pd.DataFrame({"target_id": sorted(set(signals["target_id"]))})
        targets.to_parquet(folder / "targets.parquet")
        manifest, products = folder / "fetched.parquet", folder / "products.parquet"
        base = MISSION_ARCHIVES[mission](base_url=f"file://{archive}")
        fetch_shard(folder / "targets.parquet", mission, base, folder / "store", manifest, products)
        light_curves = stored_light_curves(folder / "fetched.parquet", folder / "store")
        make_shard_views(folder / "signals.parquet", light_curves, folder / "views", Views().of_mission(mission))
        self.outcomes = json.loads((folder / "views" / "manifest.json").read_text())["outcomes"]
        self.local = np.load(folder / "views" / "local.npy")
        self.whole = np.load(folder / "views" / "global.npy")
        self.meta = pd.read_parquet(folder / "views" / "meta.parquet")
        self.meta["name"] = self.signals["name"].reindex(self.meta["signal_id"]).to_numpy()
        catalog = self.signals["depth_ppm"].reindex(self.meta["signal_id"]).to_numpy()
        self.meta["error"] = self.meta["depth_ppm"] / catalog - 1.0

    def outcome(self, name: str) -> str:
        (signal_id,) = self.signals.index[self.signals["name"] == name]
        return self.outcomes[signal_id]["outcome"]


@pytest.fixture(scope="module")
def made(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    catalogs, folder = real_data / "catalogs", tmp_path_factory.mktemp("real")
    samples = {
        "Kepler": kepler_signals(catalogs),
        "TESS": toi_signals(catalogs, list(TESS)),
        "K2": k2_signals(catalogs),
    }
    return {
        mission: Made(mission, signals, real_data / "archive", folder / mission) for mission, signals in samples.items()
    }


def certain(made: dict[str, Made]) -> pd.DataFrame:
    """The signals of all missions with a signal-to-noise ratio above 50."""
    meta = pd.concat([sample.meta for sample in made.values()])
    return meta[meta["snr"] > CERTAIN_SNR].set_index("name")


def test_depths_are_those_of_the_catalogs(made: dict[str, Made]) -> None:
    errors = certain(made)["error"]
    assert len(errors) >= 24
    assert errors.abs().median() <= 0.03
    assert errors.drop(index=list(TIMING_VARIATIONS & set(errors.index))).abs().max() <= 0.15
    # The trend eats no transits: nothing is lost on the whole.
    assert abs(errors.median()) <= 0.02


def test_transits_stand_at_the_centre(made: dict[str, Made]) -> None:
    checked = 0
    for sample in made.values():
        for row in range(len(sample.meta)):
            signal = sample.meta.iloc[row]
            if signal["snr"] < CERTAIN_SNR or signal["name"] in TIMING_VARIATIONS:
                continue
            view = sample.local[row].astype(np.float64)
            half_width = min(0.5 * signal["period_d"], 4.0 * signal["duration_h"] / 24.0)
            durations = np.linspace(-1, 1, view.size) * half_width / (signal["duration_h"] / 24.0)
            near = np.abs(durations) < 1.0
            centre = np.average(durations[near], weights=np.maximum(-view[near], 0.0))
            assert abs(centre) < 0.05, signal["name"]
            assert view[view.size // 2] < 0.8 * view.min()
            # The transit is where the global view has its middle, and only there.
            deepest = int(np.argmin(sample.whole[row]))
            width = signal["duration_h"] / 24.0 / signal["period_d"] * sample.whole.shape[1]
            assert abs(deepest + 0.5 - sample.whole.shape[1] / 2) <= max(0.5 * width, 1.0), signal["name"]
            checked += 1
    assert checked >= 23


def test_single_transits_of_long_periods_are_seen(made: dict[str, Made]) -> None:
    meta = made["Kepler"].meta.set_index("name")
    assert meta.loc[["Kepler-90 g", "Kepler-90 h"], "transits_observed"].tolist() == [1, 1]
    assert meta.loc["Kepler-90 h", "error"] == pytest.approx(0, abs=0.05)
    # Timing variations move Kepler-90 g, and cost some of its depth, but do not hide it.
    assert meta.loc["Kepler-90 g", "error"] == pytest.approx(-0.08, abs=0.08)


def test_a_planet_without_transit_in_the_data_gets_no_view(made: dict[str, Made]) -> None:
    sample = made["Kepler"]
    assert sample.outcome("Kepler-90 f") == "no_data_in_transit"
    assert "Kepler-90 f" not in set(sample.meta["name"])
    outcomes = [outcome["outcome"] for outcome in sample.outcomes.values()]
    assert sorted(set(outcomes)) == ["no_data_in_transit", "ok"]
    assert len(sample.local) == outcomes.count("ok") == len(sample.signals) - outcomes.count("no_data_in_transit")


def test_shallow_transits_survive(made: dict[str, Made]) -> None:
    meta = made["Kepler"].meta.set_index("name")
    # 84 and 98 ppm: Kepler-20 e and f, the first planets of the size of the Earth.
    assert meta.loc["Kepler-20 e", "error"] == pytest.approx(0, abs=0.2)
    assert meta.loc["Kepler-20 f", "error"] == pytest.approx(0, abs=0.2)
