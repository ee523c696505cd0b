"""What all figures share: colours that all readers can tell apart, and files whose bytes are those of their content."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from lightmill.files import atomic_path

# Okabe and Ito's palette, https://jfly.uni-koeln.de/color.
BLUE, GREEN, ORANGE, VERMILLION, PURPLE = "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7"

GREY = "#8A8A8A"
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.dpi": 150,
    "savefig.dpi": 150,
}


def save_figure(path: str | Path, figure: Figure, dpi: float = 150, style: Mapping[str, Any] | None = None) -> None:
    """Write `figure` as PNG, atomically, without the version and date that matplotlib would put inside.

    `style` are the settings (rcParams) that the figure was drawn with: some of it is drawn only now.
    """
    settings: Any = dict(style or {})  # matplotlib's own type lists every setting
    with atomic_path(path) as temporary, rc_context(settings):
        figure.savefig(temporary, format="png", dpi=dpi, metadata={"Software": None})
