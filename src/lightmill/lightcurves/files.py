"""A star's light curve from FITS files that somebody names, wherever they lie."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from lightmill.errors import LightCurveError, LightmillError
from lightmill.lightcurves.assemble import join_segments, one_per_segment
from lightmill.lightcurves.authors import IDENTITY_KEY
from lightmill.lightcurves.hdus import split_hdus
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.reader import read_segment
from lightmill.targets import MISSIONS, target_name


def read_light_curve_files(files: Sequence[str | Path]) -> LightCurve:
    """Read the light curve of one star from its FITS files, in any order.

    Every file is checked as one that was downloaded (`reader.read_segment`). Of two files of one quarter, campaign or
    sector the one of the later data release counts.

    Raises LightCurveError, naming the file, if one cannot be read, is damaged, not a light curve, or of another star
    than the first.
    """
    if not files:
        raise LightCurveError("no file; expected the FITS light curves of one star")
    target_id = target_of_file(files[0])
    parts = []
    for path in files:
        with _opened(path) as file:
            parts.append(read_segment(file, str(path), target_id))
    kept, _ = one_per_segment(parts)
    return join_segments(target_id, kept)


def target_of_file(path: str | Path) -> str:
    """The id of the star that a FITS light curve says it is of; raises LightCurveError if it does not say."""
    with _opened(path) as file:
        raw = file.read()
    primary = split_hdus(raw, str(path))[0]
    said = (primary.text("MISSION") or primary.text("TELESCOP")).upper()
    mission = next((mission for mission in MISSIONS if mission.upper() == said), None)
    if mission is None:
        raise LightCurveError(f"{path}: of mission {said!r}, expected one of {', '.join(MISSIONS)}")
    number = primary.get(IDENTITY_KEY[mission])
    if number is None:
        number = primary.text("OBJECT").rpartition(" ")[2]
    try:
        return target_name(mission, number)
    except LightmillError:
        raise LightCurveError(f"{path}: does not say of which star it is (no {IDENTITY_KEY[mission]})") from None


@contextmanager
def _opened(path: str | Path) -> Iterator[BufferedReader]:
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise LightCurveError(f"{path}: cannot be read ({error.strerror}); expected a FITS light curve") from None
