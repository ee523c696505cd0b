"""What became of targets and of their files: the rows of a shard's manifest, and answers that are remembered."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lightmill.files import digest, write_json
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import FileFacts, Origin, Stored, facts_of, store_path

# Below these the aperture missed its star. PDCSAP_FLUX is the flux less the share of others, 1 - CROWDSAP, divided by
# FLFRCSAP: the smaller these are, the more a depth hangs on how well they are known.
_LEAST_CROWDSAP = 0.3
_LEAST_FLFRCSAP = 0.1
NOT_THERE = "not in the archive, though a list names it"

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


def outcome_of(stored: Stored) -> Outcome:
    """The outcome of a target that is in the store; the same whether it was made now or long ago."""
    light_curve, origin = stored.light_curve, stored.origin
    products = [ProductOutcome(facts_of(segment), "ok") for segment in light_curve.segments]
    products += [
        ProductOutcome(facts, "ok", "left out: another file of its segment is used") for facts in origin.left_out
    ]
    products += [ProductOutcome(facts, "absent", NOT_THERE) for facts in origin.absent]
    return Outcome(
        target_id=light_curve.target_id,
        outcome="ok",
        detail="; ".join([*_left_out(origin), *_gone(origin), *_missed(light_curve)]),
        segments=len(light_curve.segments),
        cadences=len(light_curve),
        sha256=stored.sha256,
        products=tuple(products),
    )


def _left_out(origin: Origin) -> list[str]:
    unused = [facts.name for facts in origin.left_out]
    return [f"left out, an older delivery of the same segment: {', '.join(unused)}"] if unused else []


def _gone(origin: Origin) -> list[str]:
    gone = [facts.name for facts in origin.absent]
    return [f"{NOT_THERE}: {', '.join(gone)}"] if gone else []


def _missed(light_curve: LightCurve) -> list[str]:
    """The segments whose aperture holds too little of the star, or too much of others; what is not stated passes."""
    return [
        f"crowdsap {segment.crowdsap:.2g} / flfrcsap {segment.flfrcsap:.2g} in {segment.file}: "
        "PDCSAP depths are not to be trusted"
        for segment in light_curve.segments
        if segment.crowdsap < _LEAST_CROWDSAP or segment.flfrcsap < _LEAST_FLFRCSAP
    ]


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
