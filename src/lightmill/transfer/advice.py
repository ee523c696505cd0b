"""The page of advice: what to do when you have n labels, in plain words."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.files import write_text
from lightmill.transfer.advice_template import template_text
from lightmill.transfer.advice_words import (
    FIGURES,
    STRATEGIES,
    figure_of,
    in_short,
    of_claims,
    of_primary,
    of_recommendation,
)
from lightmill.transfer.recommend import recommend
from lightmill.transfer.styles import STYLES, of_source, percent, sources_of, strategies_of


def write_advice(
    path: str | Path,
    *,
    results: pd.DataFrame,
    curves: pd.DataFrame,
    differences: pd.DataFrame,
    worth: pd.DataFrame,
    claims: pd.DataFrame,
    figures: Mapping[str, str | Path],
    mismatched: bool,
    confidence: float,
) -> None:
    """Write one HTML page that needs no other file: what to do with how many labels, why, and how sure that is.

    Parameters
    ----------
    results, curves, differences, worth
        Rows of the files of these names.
    claims
        What `lightmill.transfer.claims.check_claims` gives.
    figures
        PNG files by name, any of FIGURES (`lightmill.transfer.advice_words`); they are shown in that order.
    mismatched
        Whether source and target ask different questions.
    confidence
        Coverage of the intervals in `curves`.

    Raises KeyError for a figure that is not in FIGURES, OSError for one that cannot be read.
    """
    unknown = sorted(set(figures) - set(FIGURES))
    if unknown:
        raise KeyError(f"no figure of the page of advice: {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    about = results.iloc[0].to_dict()
    strategies = strategies_of(results)
    learners = results[results["fraction"] > 0]
    page = (
        _environment()
        .from_string(template_text())
        .render(
            about=about,
            sources=[_of_source(source, curves, differences, worth) for source in sources_of(results)],
            strategies=[(STYLES[name].name, STRATEGIES[name]) for name in strategies],
            scratch=ALONE in strategies,
            learned=max(results["n_labels"]),
            validation=_range(learners["n_validation"]) if len(learners) else "",
            validation_positives=_range(learners["n_validation_positives"]) if len(learners) else "",
            guessing=about["n_test_positives"] / about["n_test"],
            primary=of_primary(differences),
            claims=of_claims(claims),
            figures=[
                {"data": _base64(figures[name]), **figure_of(name, strategies)} for name in FIGURES if name in figures
            ],
            mismatched=mismatched,
            confidence=percent(confidence),
        )
    )
    write_text(path, page)


def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _of_source(source: str, curves: pd.DataFrame, differences: pd.DataFrame, worth: pd.DataFrame) -> dict[str, Any]:
    recommended = recommend(curves, differences, worth, source)
    shown = of_source(curves, source)
    baseline = shown[(shown["strategy"] == AS_IT_IS) & (shown["metric"] == "average_precision")]
    return {
        "name": source,
        "short": in_short(recommended),
        "rows": [of_recommendation(item) for item in recommended],
        "compared": all(item.compared for item in recommended),
        "baseline": baseline.iloc[0].to_dict() if len(baseline) else None,
    }


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def _base64(path: str | Path) -> str:
    return b64encode(Path(path).read_bytes()).decode("ascii")
