"""Every fault that the network, files, the disk and names can have, and what must come of it."""

import re

import pytest
from lightcurves.downloading import wanted
from lightcurves.fault_rows import FAULTS
from lightcurves.fault_table import rendered
from lightcurves.scenes import PATIENCE_S, TARGETS, VICTIM, Fault, Seen, play, undisturbed

from lightmill.lightcurves.store import store_path


def test_the_matrix_names_each_fault_once():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_fault(fault: Fault, tmp_path):
    seen = play(fault, tmp_path)
    assert (seen.outcome, seen.detail) == (fault.outcome, seen.detail)
    assert re.search(fault.says, seen.detail)
    if fault.others != "any":
        assert set(seen.others) == {fault.others}
    if fault.requests is not None:
        assert seen.requests == fault.requests
    assert fault.least_s <= seen.seconds < 3 * PATIENCE_S
    assert seen.fragments == []
    check_store(fault, seen)
    check_second_run(fault, seen, tmp_path)


def check_store(fault: Fault, seen: Seen) -> None:
    """What is in the store is what the archive's files on disk give, bit for bit."""
    victim = str(store_path(".", VICTIM))
    assert (victim in seen.light_curves) <= (fault.outcome == "ok" or fault.outcome.endswith("Error"))
    if fault.others == "ok" and fault.outcome in ("ok", "transient", "corrupt"):
        assert len(seen.light_curves) == 2 + (fault.outcome == "ok")
    if fault.outcome == "ok" and "in the archive" in seen.detail:
        # Made from one quarter only.
        del seen.light_curves[victim]
    assert seen.light_curves.items() <= seen.right.items()


def check_second_run(fault: Fault, seen: Seen, folder) -> None:
    """Answers are not asked for again; what failed is made good once the fault is gone."""
    if fault.outcome in ("ok", "absent", "corrupt"):
        assert seen.again[VICTIM] == fault.outcome
        assert seen.again_requests == 0
        assert seen.again_light_curves.keys() >= seen.light_curves.keys()
    else:
        assert set(seen.again.values()) == {"ok"}
        assert list(seen.again) == list(TARGETS)
        assert seen.again_light_curves == undisturbed(folder, "untouched", wanted(*TARGETS, segments="1,2"))


def test_a_table_of_what_was_seen():
    assert rendered([("a", "b | c", "d")]) == "| fault | expected | seen |\n|---|---|---|\n| a | b \\| c | d |"
