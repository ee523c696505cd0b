"""What became of targets and of their files: the rows of a shard's manifest, and answers that are remembered."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lightmill.files import digest, write_json
from lightmill.lightcurves.store import FileFacts, store_path

OutcomeName = Literal["ok", "absent", "transient", "corrupt"]
MANIFEST_TYPES = {
    "target_id": "str",
    "outcome": "str",
    "detail": "str",
    "segments": "int32",
    "cadences": "int64",
    "sha256": "str",
}
PRODUCT_TYPES = {
    "target_id": "str",
    "product": "str",
    "author": "str",
    "segment": "int32",
    "outcome": "str",
    "detail": "str",
    "size_bytes": "int64",
    "sha256": "str",
    "date": "str",
    "data_release": "int32",
}


@dataclass(frozen=True, slots=True)
class ProductOutcome:
    """What became of one file."""

    facts: FileFacts
    outcome: OutcomeName
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: a row of the manifest."""

    target_id: str
    outcome: OutcomeName
    """`ok`: in the store. `absent`: the archive has no file of it. `transient`: the archive could not be read just
    now. `corrupt`: a file is damaged or not what it should be."""
    detail: str
    """Why, naming the file; for `ok` the files that were left out, and those whose aperture missed the star."""
    segments: int = 0
    cadences: int = 0
    sha256: str = ""
    """Hex SHA-256 of the file in the store."""
    products: tuple[ProductOutcome, ...] = field(default=())
    """Its files, as far as they were looked at."""


def manifest_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """The manifest's table: one row per target, sorted by target_id."""
    rows = [
        {name: getattr(outcome, name) for name in MANIFEST_TYPES}
        for outcome in sorted(outcomes, key=lambda outcome: outcome.target_id)
    ]
    return pd.DataFrame(rows, columns=list(MANIFEST_TYPES)).astype(MANIFEST_TYPES)


def products_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row per file, sorted by target_id and the file's path."""
    rows: list[dict[str, Any]] = []
    for outcome in sorted(outcomes, key=lambda outcome: outcome.target_id):
        for product in sorted(outcome.products, key=lambda product: product.facts.name):
            facts = asdict(product.facts)
            facts["product"] = facts.pop("name")
            rows.append({"target_id": outcome.target_id, "outcome": product.outcome, "detail": product.detail, **facts})
    return pd.DataFrame(rows, columns=list(PRODUCT_TYPES)).astype(PRODUCT_TYPES)


def answer_path(store: str | Path, target_id: str) -> Path:
    """Where an answer that is no light curve is remembered, so that nobody asks again: beside the light curve."""
    return store_path(store, target_id).with_suffix(".json")


def remember_answer(store: str | Path, outcome: Outcome, question: str) -> None:
    """Remember that a target is `absent` or `corrupt`; `question` is the digest of what was asked, and of whom."""
    description = {**asdict(outcome), "question": question}
    write_json(answer_path(store, outcome.target_id), {**description, "digest": digest(description)})


def remembered_answer(store: str | Path, target_id: str, question: str) -> Outcome | None:
    """The answer to the same question about a target, if there was one; None too where its file is damaged."""
    try:
        found = json.loads(answer_path(store, target_id).read_text(encoding="utf-8"))
        if found.pop("digest") != digest(found) or found.pop("question") != question:
            return None
        products = tuple(
            ProductOutcome(FileFacts(**product["facts"]), product["outcome"], product["detail"])
            for product in found.pop("products")
        )
        return Outcome(**found, products=products)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget_answer(store: str | Path, target_id: str) -> None:
    """Forget what was remembered of a target."""
    answer_path(store, target_id).unlink(missing_ok=True)
