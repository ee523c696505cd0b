"""The real sample over the network: what a served archive gives is what its folder gives, byte for byte."""

import os
import re

import pytest
import yaml
from loopback import LoopbackArchive
from workflow.running import ROOT, run_to_the_end

from lightmill.catalogs.reading import read_catalog

SAMPLE = ROOT / "configs" / "real_sample.yaml"
# Other parts of a run, whose bytes are promised elsewhere.
COMPARED = ("views", "lightcurves")

pytestmark = pytest.mark.xdist_group("workflow")


@pytest.fixture
def few(real_data, tmp_path, monkeypatch):
    """The configuration of the real sample on the rows of the stars whose light curves are there."""
    monkeypatch.setenv("LIGHTMILL_REAL_DATA", str(real_data))
    names = [path.name for path in (real_data / "archive").rglob("*.fits")]
    stars = {int(re.search(r"(?:kplr|ktwo|-s[0-9]{4}-)([0-9]{9,16})", name)[1]) for name in names}
    (tmp_path / "catalogs").mkdir()
    written = []
    for table in ("kepler/cumulative_2025.10.04_11*.csv", "tess/TOI_2025.10.04*.csv", "k2/k2pandc_*.csv"):
        [path] = (real_data / "catalogs").glob(table)
        catalog = read_catalog(path)
        of_stars = catalog.signals["target_id"].str.split(" ").str[1].astype(int).isin(stars)
        kept = {*range(catalog.info.header_lines + 1), *(catalog.signals["line"][of_stars] - 1)}
        lines = path.read_text().splitlines(keepends=True)
        written.append(tmp_path / "catalogs" / path.name)
        written[-1].write_text("".join(line for number, line in enumerate(lines) if number in kept))
    return {"catalogs": [str(path) for path in written]}


def views_of(folder, few, tmp_path, bases):
    """Run the sample to views from an archive at some bases, in few shards; what it made, by path."""
    overlay = tmp_path / f"{folder.name}.yaml"
    archives = {mission: {"base_url": bases, "shards": 1} for mission in ("kepler", "k2", "tess")}
    overlay.write_text(yaml.safe_dump({**few, "archives": archives}))
    folder.mkdir()
    run_to_the_end(folder, "--cores", "2", "views", config=[SAMPLE, overlay])
    results = folder / "results" / "real_sample"
    return {
        str(path.relative_to(results)): path.read_bytes()
        for part in COMPARED
        for path in sorted((results / part).rglob("*"))
        if path.is_file()
    }


def test_a_served_archive_gives_the_views_that_its_folder_gives(few, real_data, tmp_path):
    on_disk = views_of(tmp_path / "disk", few, tmp_path, f"file://{real_data / 'archive'}")
    with LoopbackArchive(real_data / "archive", process=True, scripts=False) as server:
        bases = [{"url": server.s3_url, "layout": "s3"}, server.url]
        served = views_of(tmp_path / "net", few, tmp_path, bases)
        fits = sum(request.path.endswith(".fits") and request.status == 200 for request in server.requests())
        assert fits == len(list((real_data / "archive").rglob("*.fits")))
        server.clear()
        run_to_the_end(
            tmp_path / "net", "--cores", "2", "views", "--forcerun", "fetch_light_curves",
            config=[SAMPLE, tmp_path / "net.yaml"],
        )  # fmt: skip
        assert server.requests() == []
    views = {name: content for name, content in served.items() if name.startswith("views")}
    assert views == {name: content for name, content in on_disk.items() if name.startswith("views")}
    # The light curves too, and what is said of every target and file. A folder is not asked for lists of sectors.
    del served["lightcurves/TESS/sectors.parquet"]
    assert served == on_disk
    assert os.path.getsize(tmp_path / "net" / "results/real_sample/logs/fetch_light_curves/Kepler-000.jsonl") > 0
