import numpy as np
import pandas as pd

from lightmill.files import write_json, write_rows
from lightmill.search.gathering import gather_found
from lightmill.search.shards import FOUND_COLUMNS


def shard(folder, signals):
    """What find_signals and make_views leave of one shard."""
    folder.mkdir()
    rows = [
        {
            **dict.fromkeys(FOUND_COLUMNS, 1.0),
            "signal_id": f"FOUND KIC {star}-01",
            "target_id": f"KIC {star}",
            "period_d": period_d,
            "linked": "",
            "ephemeris": "found",
            "snr": 10.0 + star,
            "transits": 9,
            "flags": flags,
        }
        for star, period_d, flags in signals
    ]
    write_rows(folder / "found.parquet", rows, FOUND_COLUMNS)
    outcomes = {row["signal_id"]: {"outcome": "ok", "detail": ""} for row in rows[1:]}
    write_json(folder / "manifest.json", {"outcomes": outcomes})
    fetched = pd.DataFrame({"target_id": [f"KIC {star}" for star, *_ in signals], "outcome": "ok"}, dtype="string")
    fetched.to_parquet(folder / "fetched.parquet")
    return folder


def test_one_list_by_strength_with_piles_flagged_and_printed(tmp_path, caplog):
    spread = np.geomspace(0.7, 60, 40)
    alone = [(star, period_d, "edges" if star == 5 else "") for star, period_d in enumerate(spread)]
    pile = [(100 + star, 13.7 + 1e-3 * star, "") for star in range(12)]
    shards = [shard(tmp_path / "000", alone), shard(tmp_path / "001", pile), shard(tmp_path / "002", [])]
    out = [tmp_path / name for name in ("found.csv", "histogram.txt", "histogram.png")]
    with caplog.at_level("INFO", logger="lightmill"):
        gather_found(
            *([folder / name for folder in shards] for name in ("found.parquet", "manifest.json", "fetched.parquet")),
            *out,
            "periods",
        )
    found = pd.read_csv(out[0], keep_default_na=False)
    assert len(found) == 52
    assert found["snr"].is_monotonic_decreasing
    flags = found.set_index("target_id")["flags"]
    assert flags["KIC 5"] == "edges"
    assert set(flags[[f"KIC {100 + star}" for star in range(12)]]) == {"piled_up"}
    assert (flags == "piled_up").sum() <= 14
    assert found.set_index("target_id")["views"][["KIC 0", "KIC 1", "KIC 100", "KIC 101"]].tolist() == [
        "",
        "ok",
        "",
        "ok",
    ]
    text = out[1].read_text()
    assert "!" in text
    assert text in caplog.text
    assert out[2].read_bytes().startswith(b"\x89PNG")
