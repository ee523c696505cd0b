import pytest

from lightmill.catalogs import epics
from lightmill.errors import CatalogError


@pytest.fixture
def facts(monkeypatch):
    """A function: put a text in place of the shipped facts."""
    epics.known_epics.cache_clear()
    yield lambda text: monkeypatch.setattr(epics, "_text", lambda: text)
    epics.known_epics.cache_clear()


def test_names_give_numbers(facts):
    facts("name,epic,source\nK2-3,201367065,somewhere\n WASP-47 e ,206103150,elsewhere\n")
    assert epics.known_epics() == {"K2-3": "201367065", "WASP-47 e": "206103150"}


def test_no_facts_are_no_error(facts):
    facts("")
    assert epics.known_epics() == {}


@pytest.mark.parametrize(
    "line", ["K2-3,EPIC 201367065,x", "K2-3,,x", ",201367065,x", "K2-3,../../x,x", "K2-9,201367066,x"]
)
def test_a_line_that_is_no_fact_is_named(facts, line):
    facts(f"name,epic,source\nK2-9,201367065,x\n{line}\n")
    with pytest.raises(CatalogError, match="line 3"):
        epics.known_epics()


def test_the_digest_follows_the_facts(facts):
    shipped = epics.epics_digest()
    facts("name,epic,source\nK2-3,201367065,x\n")
    assert epics.epics_digest() != shipped


def test_the_shipped_facts_are_readable():
    epics.known_epics.cache_clear()
    assert len(epics.known_epics()) > 400
