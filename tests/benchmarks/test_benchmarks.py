"""The benchmarks run, and write what they should. How fast anything is, no test asserts."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"name", "ours_s", "peer", "peer_s", "ratio", "ratio_low", "ratio_high"} | {
    *("n", "unit", "repeats", "difference", "difference_in", "clock", "beside"),
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


def test_passes_of_dropout_are_compared_with_whole_ones_of_the_same_networks(load, tmp_path, monkeypatch):
    dropout = load("dropout")
    monkeypatch.setattr(dropout, "LENGTHS", {"global": 125, "local": 19})
    monkeypatch.delitem(dropout.SHARES, "astronet")
    records = list(dropout.compare(tmp_path, samples=6, repeats=1))
    assert [record.name for record in records] == ["dropout_dual_branch", "dropout_lightmill"]
    assert max(record.difference for record in records) < 5
    drawn = np.random.default_rng(1).normal(size=(20, 3))
    assert dropout.standard_errors(drawn, drawn + 1) == pytest.approx(np.sqrt(10) / drawn.std(axis=0, ddof=1).min())


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
    assert "wall" not in line


def test_figures_beside_the_times_have_lines_of_their_own(load):
    records = load("records")
    common = dict(name="name", unit="thing", n=1, repeats=1, ours_s=1.0, peer="a peer", peer_s=2.0, ratio=2.0)
    record = records.Record(
        **common,
        **dict(ratio_low=2.0, ratio_high=2.0, difference=0.0, difference_in="things", clock="wall"),
        beside={"requests": (18, 36), "waits, s": (2.25, None)},
    )
    first, *beside = records.table_lines(record).splitlines()
    assert "thing (wall time), a peer" in first
    assert [line.split() for line in beside] == [["requests", "18", "36"], ["waits,", "s", "2.25", "never"]]


def test_downloads_tell_from_outside_what_arrived_and_what_did_not(load, tmp_path, monkeypatch):
    downloads, downloaders = load("downloads"), load("downloaders")
    with downloaders.open_archive(tmp_path, stars=2, quarters=[1, 2], latency_s=0.0) as archive:
        # The third request for a file comes with a flipped bit: lightkurve takes it for the star's.
        monkeypatch.setattr(
            archive.server, "random_faults", lambda *_: archive.server.fault(r"^GET .*_llc\.fits", "flip", skip=2)
        )
        loop = downloads.twice(archive, lambda begin: downloaders.loops(archive, "loop", 2, begin))
        many = downloads.twice(archive, lambda begin: downloaders.fetch(archive, "many", 2, begin))
        waits = downloads.hang(archive, 1.0)
        record = downloads.record("downloads", [many], "a peer", loop, archive, waits)
    assert (record.n, record.clock, record.difference, record.difference_in) == (2, "wall", 1.0, "whole stars")
    assert record.ratio == record.peer_s / record.ours_s
    seen = record.beside
    assert seen["stars whole"] == (2, 1)
    assert seen["stars with altered bytes, not noticed"] == (0, 1)
    assert seen["spoilt files left for later use"] == (0, 1)
    assert seen["requests with a fault"] == (1, 1)
    assert seen["second run, without faults: requests"][0] == 0
    assert seen["second run, without faults: stars with altered bytes, not noticed"] == (0, 1)
    waited, never = seen["seconds for a star, where an answer never comes"]
    assert (waited < 60, never) == (True, None)


def test_plain_networks_are_the_same_networks_and_learn_the_same(load, tmp_path):
    training, plain, ensemble = load("training"), load("plain_networks"), load("ensemble")
    lengths = {"global": 125, "local": 19}
    for name, network in plain.PLAIN.items():
        ours = training.fresh_network(name, lengths, 1)
        sizes = [sum(weight.numel() for weight in one.parameters()) for one in (ours, network(lengths))]
        assert sizes[0] == sizes[1]
    by_us = training._by_us("dual_branch", lengths, tmp_path, 200, 400, 6)
    plainly = training._plainly("dual_branch", lengths, 200, 400, 6)
    assert min(by_us[1], plainly[1]) > 0.9
    assert min(by_us[0], plainly[0]) > 0
    # A member is its seed's alone.
    members = [ensemble._member(tmp_path, 128, 1, member) for member in (3, 4, 3)]
    assert members[0] == members[2] != members[1]


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
