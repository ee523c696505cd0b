"""What people look at of a transfer: figures, and the page of advice that holds them."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lightmill.transfer.advice import write_advice
from lightmill.transfer.advice_words import FIGURES
from lightmill.transfer.claims_figure import draw_claims
from lightmill.transfer.curves_figure import draw_learning_curves
from lightmill.transfer.figure import draw_comparison
from lightmill.transfer.optimum_figure import draw_optimum


def write_pages(folder: Path, tables: Mapping[str, pd.DataFrame], mismatched: bool, confidence: float) -> None:
    """Draw the figures of a comparison, and write `advice.html`.

    Parameters
    ----------
    folder
        Where they go.
    tables
        Those that `lightmill.transfer.compare_transfer` writes, by name.
    mismatched
        Whether source and target may ask different questions.
    confidence
        Coverage of the intervals.
    """
    results, shown = tables["transfer_results"], tables["curves"]
    paths = {name: folder / f"{name}.png" for name in FIGURES}
    draw_comparison(paths["transfer_learning_comparison"], results=results, curves=shown, confidence=confidence)
    draw_learning_curves(paths["learning_curves"], results=results, curves=shown, confidence=confidence)
    draw_optimum(paths["optimum"], best=tables["best"], rates=tables["rates"])
    draw_claims(paths["claims"], claims=tables["claims"], confidence=confidence)
    write_advice(
        folder / "advice.html",
        results=results,
        curves=shown,
        differences=tables["differences"],
        worth=tables["worth"],
        claims=tables["claims"],
        figures=paths,
        mismatched=mismatched,
        confidence=confidence,
    )
