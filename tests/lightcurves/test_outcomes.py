"""What became of targets: tables, and answers that are remembered."""

import dataclasses
import json

import pytest

from lightmill.lightcurves.outcomes import (
    MANIFEST_TYPES,
    PRODUCT_TYPES,
    Outcome,
    ProductOutcome,
    answer_path,
    forget_answer,
    manifest_table,
    products_table,
    remember_answer,
    remembered_answer,
)
from lightmill.lightcurves.store import FileFacts

FACTS = FileFacts("missions/b.fits", "Kepler", 2, 14_400, "a" * 64, "2015-08-26", 25)
CORRUPT = Outcome(
    "KIC 2",
    "corrupt",
    "missions/c.fits: damaged — ü",
    products=(
        ProductOutcome(FileFacts("missions/c.fits", "Kepler", 3), "corrupt", "damaged"),
        ProductOutcome(FACTS, "ok"),
    ),
)
OK = Outcome("KIC 1", "ok", "", 1, 60, "f" * 64, (ProductOutcome(FACTS, "ok"),))


def test_tables_are_sorted_whatever_came_first():
    assert manifest_table([CORRUPT, OK]).equals(manifest_table([OK, CORRUPT]))
    manifest = manifest_table([CORRUPT, OK])
    assert list(manifest.columns) == list(MANIFEST_TYPES)
    assert list(manifest["target_id"]) == ["KIC 1", "KIC 2"]
    assert manifest.iloc[0].to_dict() == {
        "target_id": "KIC 1",
        "outcome": "ok",
        "detail": "",
        "segments": 1,
        "cadences": 60,
        "sha256": "f" * 64,
    }
    products = products_table([CORRUPT, OK])
    assert list(products.columns) == list(PRODUCT_TYPES)
    assert list(products["product"]) == ["missions/b.fits", "missions/b.fits", "missions/c.fits"]
    assert list(products["outcome"]) == ["ok", "ok", "corrupt"]
    assert products.iloc[0]["data_release"] == 25
    assert len(products_table([])) == len(manifest_table([])) == 0


def test_an_answer_to_the_same_question_is_remembered(tmp_path):
    remember_answer(tmp_path, CORRUPT, "question")
    assert answer_path(tmp_path, "KIC 2") == tmp_path / "Kepler/0000/000000002.json"
    assert remembered_answer(tmp_path, "KIC 2", "question") == CORRUPT
    assert remembered_answer(tmp_path, "KIC 2", "another question") is None
    assert remembered_answer(tmp_path, "KIC 3", "question") is None
    forget_answer(tmp_path, "KIC 2")
    forget_answer(tmp_path, "KIC 2")
    assert remembered_answer(tmp_path, "KIC 2", "question") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "null", "a list", "not text"])
def test_a_damaged_answer_is_none(tmp_path, damage):
    remember_answer(tmp_path, CORRUPT, "question")
    path = answer_path(tmp_path, "KIC 2")
    text = path.read_text(encoding="utf-8")
    changed = {
        "cut": text[:-20],
        "changed": text.replace('"corrupt"', '"absent"'),
        "emptied": "",
        "null": "null",
        "a list": "[1]",
        "not text": "\ufffe\0",
    }
    path.write_text(changed[damage], encoding="utf-8")
    assert remembered_answer(tmp_path, "KIC 2", "question") is None


def test_an_answer_of_other_fields_is_none(tmp_path, monkeypatch):
    """As another version might have written it."""
    monkeypatch.setattr(
        "lightmill.lightcurves.outcomes.asdict", lambda value: {**dataclasses.asdict(value), "further": 1}
    )
    remember_answer(tmp_path, CORRUPT, "question")
    assert json.loads(answer_path(tmp_path, "KIC 2").read_text())["further"] == 1
    assert remembered_answer(tmp_path, "KIC 2", "question") is None
