import numpy as np
import pytest
from catalogs.frames import NAN, row, tables
from matplotlib.image import imread

from lightmill.catalogs.figures import (
    draw_dispositions,
    draw_distributions,
    draw_missions,
    draw_sky,
    explore_catalogs,
    save_figure,
)
from lightmill.catalogs.labels import label_signals
from lightmill.catalogs.signals import empty_signals, write_signals
from lightmill.config.catalogs import LabelSettings, SplitSettings

NAMES = ("dispositions", "distributions", "missions", "sky")


@pytest.fixture(scope="module")
def as_read():
    rng = np.random.default_rng(5)
    rows = []
    for number in range(1, 61):
        measured = {
            "period_d": float(rng.uniform(1, 100)),
            "depth_ppm": float(rng.uniform(50, 5000)),
            "radius_rearth": float(rng.uniform(1, 20)),
            "ra_deg": float(rng.uniform(280, 300)),
            "dec_deg": float(rng.uniform(37, 52)),
        }
        rows.append(
            row(
                "koi",
                f"KOI K{number:05d}.01",
                f"KIC {number}",
                disposition=["CONFIRMED", "CANDIDATE"][number % 2],
                **measured,
            )
        )
    rows.append(row("k2pandc", "K2 EPIC 5 b", "EPIC 5", disposition="CONFIRMED"))
    rows.append(row("toi", "TOI 1.01", "TIC 9", period_d=NAN, disposition=""))
    return tables(*rows)


@pytest.fixture(scope="module")
def labelled(as_read):
    return label_signals(as_read, LabelSettings(), SplitSettings(), {}, {})[0]


def test_the_four_figures_are_the_same_bytes_each_time(tmp_path, as_read, labelled):
    for name, table in as_read.items():
        write_signals(tmp_path / f"{name}.parquet", table)
    write_signals(tmp_path / "labels.parquet", labelled)
    written = []
    for attempt in ("a", "b"):
        paths = {name: tmp_path / attempt / f"{name}.png" for name in NAMES}
        explore_catalogs({name: tmp_path / f"{name}.parquet" for name in as_read}, tmp_path / "labels.parquet", **paths)
        written.append({name: path.read_bytes() for name, path in paths.items()})
    assert written[0] == written[1]
    for name in NAMES:
        image = imread(tmp_path / "a" / f"{name}.png")
        assert image.shape[0] > 200
        assert np.ptp(image[..., :3]) > 0.5  # something is drawn
        assert b"tEXt" not in written[0][name]  # no program, no date


def test_bars_are_the_counts(as_read):
    axes = draw_dispositions(as_read).axes
    koi = next(axis for axis in axes if axis.get_title() == "koi: 60 signals")
    assert [label.get_text() for label in koi.get_yticklabels()] == ["CANDIDATE", "CONFIRMED"]
    assert sum(patch.get_width() for patch in koi.patches) == 60
    assert {text.get_text() for text in koi.texts} == {"30"}
    toi = next(axis for axis in axes if axis.get_title() == "toi: 1 signals")
    assert [label.get_text() for label in toi.get_yticklabels()] == ["(none)"]


def test_every_axis_of_numbers_names_its_unit(labelled):
    for figure in (draw_distributions(labelled), draw_missions(labelled)):
        names = {axis.get_xlabel() for axis in figure.axes}
        assert names <= {"Period (d)", "Depth (ppm)", "Duration (h)", "Radius (Earth radii)"}
        assert "" not in names


def test_shares_add_up_to_a_hundred(labelled):
    figure = draw_distributions(labelled)
    period = figure.axes[0]
    assert period.get_ylabel().startswith("Kepler")
    assert [patch.get_data().values.sum() for patch in period.patches] == pytest.approx([100, 100])


def test_places_grow_to_the_left(labelled):
    sky = draw_sky(labelled).axes[0]
    points = np.asarray(sky.collections[0].get_offsets())
    assert len(points) == 60
    assert points[:, 0] == pytest.approx(np.radians(360 - labelled.dropna(subset=["ra_deg"])["ra_deg"].to_numpy()))


def test_empty_tables_are_drawn_too(tmp_path):
    empty = empty_signals()
    for name, figure in {
        "a": draw_dispositions({"koi": empty}),
        "b": draw_distributions(empty),
        "c": draw_missions(empty),
        "d": draw_sky(empty),
    }.items():
        save_figure(tmp_path / f"{name}.png", figure)
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
