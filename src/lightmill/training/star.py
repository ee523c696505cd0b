"""One star's light curve scored by a model: its views made as those were that the model has learned from."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lightmill.config.views import ViewSettings
from lightmill.errors import ModelError
from lightmill.lightcurves.files import read_light_curve_files
from lightmill.training.model_files import DESCRIPTION, read_description
from lightmill.training.scoring import Scored, score_rows
from lightmill.views.single import make_signal_views, write_signal_views


def score_star(
    model_dir: str | Path,
    files: Sequence[str | Path],
    period_d: float,
    epoch_bjd: float,
    duration_h: float,
    prior: float | None = None,
    details: bool = False,
) -> Scored:
    """Score one signal of a star, from the star's files.

    Parameters
    ----------
    model_dir
        Folder of an ensemble or of a single model that was trained on views made here: they say how.
    files
        The FITS light curves of the star, any number of segments.
    period_d, epoch_bjd, duration_h
        The signal's ephemeris: days, BJD_TDB, hours.
    prior, details
        As for `lightmill.training.scoring.score_rows`.

    Raises ModelError if the model was trained on views made by others; ViewError if the signal cannot be folded, or the
    light curve does not show where the transit would be; and as `score_rows` does.
    """
    made = read_description(Path(model_dir) / DESCRIPTION)["dataset"]["description"]
    if made.get("kind") != "assembled":
        raise ModelError(
            f"{model_dir}: trained on views that others made, and nobody here knows how; make such views, and score "
            "them with --views"
        )
    settings = ViewSettings(**made["settings"])
    light_curve = read_light_curve_files(files)
    signal, views = make_signal_views(light_curve, period_d, epoch_bjd, duration_h, settings)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "views.npz"
        write_signal_views(path, light_curve, signal, views, settings)
        return score_rows(model_dir, path, prior=prior, details=details)
