"""A blind search as a run: a list of stars in, found signals with views out; and what one star more costs."""

import re

import pandas as pd
import yaml
from workflow.running import TINY, bytes_of, run_to_the_end

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate.survey import draw_targets
from lightmill.targets import shard_of

SHARDS = 2


def jobs_by_shard(folder):
    """Rule and shard of every job that the newest run in `folder` started."""
    log = max((folder / ".snakemake" / "log").glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    jobs = re.findall(r"(?m)^(?:local)?rule (\w+):\n((?:    .*\n)*)", log.read_text())
    return {(rule, int(shard[1])) for rule, text in jobs if (shard := re.search(r"shard=(\d+)", text))}


def test_one_star_more_is_searched_alone(tmp_path):
    config = yaml.safe_load(TINY.read_text())
    config["simulation"] |= {"n_k2": 0, "n_tess": 0, "overlap": 0}
    config["catalogs"] = config["catalogs"][:1]
    config["archives"] = {"kepler": config["archives"]["kepler"] | {"shards": SHARDS}}
    config["search"] |= {"find": {"targets": ["stars.csv"], "least_snr": 8.0}}
    config["experiments"] = {}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    survey = draw_targets(SimulationSettings(**config["simulation"]), "Kepler")
    stars = [target.target_id for target in survey if target.kind == "planet" and not target.missing]
    first, rest = stars[:5], stars[5:]

    (tmp_path / "stars.csv").write_text("\n".join(["target_id", *first, "KIC ten", ""]))
    run_to_the_end(tmp_path, "--cores", "2", "search", config=tmp_path / "config.yaml")
    results = tmp_path / "results" / "tiny" / "search"
    assert pd.read_parquet(results / "targets.parquet")["target_id"].tolist() == sorted(first)
    [rejected] = pd.read_csv(results / "targets.rejected.csv").itertuples()
    assert (rejected.file, rejected.line, rejected.text) == ("stars.csv", 7, "KIC ten")
    found = pd.read_csv(results / "Kepler" / "found.csv")
    assert len(found) > 0
    assert set(found["target_id"]) <= set(first)
    assert found["snr"].is_monotonic_decreasing
    assert set(found["views"]) == {"ok"}
    assert (results / "Kepler" / "period_histogram.png").stat().st_size > 0
    before, cached = bytes_of(tmp_path), searched(tmp_path)

    [shard] = {shard_of(rest[0], SHARDS)}
    (tmp_path / "stars.csv").write_text("\n".join(["target_id", *first, rest[0], ""]))
    run_to_the_end(tmp_path, "--cores", "2", "search", config=tmp_path / "config.yaml")
    after = bytes_of(tmp_path)
    assert {job for job in jobs_by_shard(tmp_path) if job[0] in ("fetch_light_curves", "find_signals")} <= {
        ("fetch_light_curves", shard),
        ("find_signals", shard),
    }
    assert ("find_signals", shard) in jobs_by_shard(tmp_path)
    other = f"search/Kepler/{1 - shard:03d}/"
    assert {name: text for name, text in after.items() if name.startswith(other)} == {
        name: text for name, text in before.items() if name.startswith(other)
    }
    # The other stars of its shard are not searched again.
    again = searched(tmp_path)
    assert len(again) == len(cached) + 1
    assert again.items() >= cached.items()


def searched(folder):
    """When each file was written in which what was found is kept by star."""
    cache = folder / "data" / "simulated_tiny" / "search"
    return {path.name: path.stat().st_mtime_ns for path in cache.rglob("*.json")}
