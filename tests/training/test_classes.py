import pytest

from lightmill.training.classes import KIND_OF, disagreements


def test_triage_means_the_same_on_both_sides():
    kepler = {"PC": {1}, "AFP": {1}, "NTP": {0}}
    tess = {"PC": {1}, "EB": {1}, "J": {0}}
    assert disagreements(kepler, tess) == []


def test_planets_against_the_rest_is_not_triage():
    kepler = {"PC": {1}, "AFP": {0}, "NTP": {0}}
    tess = {"PC": {1}, "EB": {1}, "J": {0}}
    assert disagreements(kepler, tess) == [
        "EB (eclipsing binary) is positive in the target, but AFP is negative in the source"
    ]


def test_a_disposition_of_no_kind_is_compared_with_itself_only():
    assert "FP" not in KIND_OF
    assert disagreements({"FP": {0}, "AFP": {1}}, {"FP": {0}, "EB": {1}}) == []
    assert len(disagreements({"FP": {0}}, {"FP": {1}})) == 1


@pytest.mark.parametrize("source", [{"CP": {0, 1}}, {"CP": {0}}])
def test_a_disposition_on_both_sides_disagrees(source):
    assert len(disagreements(source, {"PC": {1}})) == 1
