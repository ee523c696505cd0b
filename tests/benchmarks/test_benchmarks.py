"""The benchmarks run, and write what they should. How fast anything is, no test asserts."""

import json
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"name", "ours_s", "peer", "peer_s", "ratio", "ratio_low", "ratio_high"} | {
    *("n", "unit", "repeats", "difference", "difference_in"),
}


@pytest.fixture
def load(monkeypatch):
    """Modules of the benchmarks by name; they lie beside the library, not in it."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: import_module(f"benchmarks.{name}")


def test_smallest_runs_give_the_same_on_both_sides_and_are_written_one_per_line(load, tmp_path):
    records = [
        *load("bootstrap").compare(tmp_path, rows=150, samples=100, repeats=1),
        *load("catalog").compare(tmp_path, targets=12, repeats=1),
    ]
    assert [record.difference for record in records] == pytest.approx([0, 0], abs=1e-9)
    load("records").write_records(tmp_path / "results.json", records)
    lines = (tmp_path / "results.json").read_text().splitlines()
    written = [json.loads(line) for line in lines]
    assert [record["name"] for record in written] == ["bootstrap_by_group", "catalog_koi"]
    assert [record["n"] for record in written] == [100, records[1].n]
    for record in written:
        assert set(record) == KEYS
        assert record["ratio"] == pytest.approx(record["peer_s"] / record["ours_s"])


def test_times_are_medians_per_unit_of_turns(load, monkeypatch):
    records = load("records")
    # Start and end of each turn: ours, peer; peer, ours; ours, peer. Ours takes 2, 4, 3 s, the peer 8, 4, 9 s.
    clock = iter([0, 2, 10, 18, 20, 24, 30, 34, 40, 43, 50, 59])
    monkeypatch.setattr(records, "process_time", lambda: next(clock))
    calls = []
    record = records.side_by_side(
        "name",
        lambda: calls.append("ours") or 5.0,
        records.Peer("a peer", lambda: calls.append("peer") or 4.5),
        unit="thing",
        n=10,
        repeats=3,
        difference=lambda ours, theirs: ours - theirs,
        difference_in="things",
    )
    assert calls == ["ours", "peer", "ours", "peer", "peer", "ours", "ours", "peer"]
    assert (record.ours_s, record.peer_s) == (0.3, 0.8)
    assert record.ratio == pytest.approx(8 / 3)
    assert (record.ratio_low, record.ratio_high) == (1.0, 4.0)
    assert (record.n, record.repeats, record.difference) == (10, 3, 0.5)
    line = records.table_line(record)
    assert "300 ms" in line
    assert "800 ms" in line
    assert "2.67" in line


def test_list_names_every_benchmark_with_its_subject(load, capsys):
    program = load("__main__")
    program.main(["--list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(program.NAMES)
    assert all(len(line.split()) > 3 for line in lines)
    for name in program.NAMES:
        assert "\ndef compare(folder: Path" in (ROOT / "benchmarks" / f"{name}.py").read_text()


def test_an_unknown_name_is_refused(load, capsys):
    with pytest.raises(SystemExit):
        load("__main__").main(["bootstrp"])
    assert "no benchmark 'bootstrp'; there are fits, store" in capsys.readouterr().err
