"""Importing views that others have folded and binned: `.npz` sets and AstroNet-style TFRecords.

What comes with such a set is checked rather than believed: the scaling of its views, the units of its numbers, that
no example stands twice. Its own division into training and test is not looked at.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.config.views import ImportedViews, Scale
from lightmill.errors import LightmillError, ViewError
from lightmill.targets import Mission, target_name
from lightmill.views.duplicates import reject_duplicates
from lightmill.views.imported_numbers import NUMBERS, check_units, in_our_unit
from lightmill.views.npz import read_npz_columns
from lightmill.views.rebinning import rebinned
from lightmill.views.scale_check import rescaled, scale_misfits
from lightmill.views.tfrecord import FIRST_BYTES, begins_record, read_example_columns

REJECTED_COLUMNS = ("file", "row", "signal_id", "disposition", "reason")


@dataclass(frozen=True)
class ViewSet:
    """Imported views, checked.

    Attributes
    ----------
    views
        `global` and `local`, (n, bins) float32.
    signals
        n rows: `signal_id` (`<name of the set> <star number>-<row>`), `target_id`, `disposition`, and, as float64
        with NaN where unknown, `period_d`, `epoch_bjd` (BJD_TDB), `duration_h`, `depth_ppm`, `snr`.
    rejected
        What was left out: REJECTED_COLUMNS, `row` counted from 0 in its file. Rows read = n + rejected.
    """

    views: dict[str, np.ndarray]
    signals: pd.DataFrame
    rejected: pd.DataFrame


def import_views(name: str, files: Sequence[str | Path], settings: ImportedViews) -> ViewSet:
    """Read the set `name` from its files.

    Left out are rows whose star is no catalog number, whose views are not finite, flat or not of the declared scale,
    whose id another row has, and duplicates: of rows with the same views, to the bit or mirrored in time, the first
    is kept; when their stars or dispositions differ, none is, for nobody knows which is right. What is kept is brought
    to the lengths of `settings.rebin`, if any, and once more to the scale.

    Raises ViewError, naming the file and what is wrong, where a file cannot be read, files do not fit each other,
    no row can be used, more than 1 % of the views are not of the declared scale, a number cannot have the declared
    unit, or a length is no length to bring the views to.
    """
    if not files:
        raise ViewError(f"imported_views.{name}.files: no file; expected paths of .npz or .tfrecord files")
    columns, origin = _read_files(sorted(Path(file) for file in files), settings)
    views = {"global": columns[settings.global_view], "local": columns[settings.local_view]}
    views = {view: array.astype(np.float32) for view, array in views.items()}
    signals = _signals(name, columns, origin, settings)
    reasons = signals.pop("reason").to_numpy(object)
    for view, array in views.items():
        _reject(reasons, ~np.isfinite(array).all(axis=1), f"{view} view holds values that are not finite")
        _reject(reasons, np.ptp(array, axis=1) == 0, f"{view} view is flat")
        if settings.rescale:
            array[reasons == ""] = rescaled(array[reasons == ""], settings.scale)
        _check_scale(name, view, array, settings.scale, reasons)
    _reject(reasons, _repeated_id(signals["signal_id"], reasons), "another row has the same id")
    reject_duplicates(views, signals, reasons)
    # Only now: sums taken in another order tell a view from its mirror image.
    views = {view: _rebin(name, view, array, settings, reasons) for view, array in views.items()}
    kept = reasons == ""
    if not kept.any():
        raise ViewError(f"imported_views.{name}: {_nothing_usable(reasons)}")
    check_units(f"imported_views.{name}.scalars", signals[kept], settings)
    rejected = origin.assign(signal_id=signals["signal_id"], disposition=signals["disposition"], reason=reasons)[~kept]
    return ViewSet(
        views={view: array[kept] for view, array in views.items()},
        signals=signals[kept].reset_index(drop=True),
        rejected=rejected.loc[:, list(REJECTED_COLUMNS)].reset_index(drop=True),
    )


def _read_files(files: list[Path], settings: ImportedViews) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """The wanted columns of all files, one below the other, and the file and row that each row comes from."""
    keys = {settings.global_view, settings.local_view, settings.star, settings.disposition}
    keys |= {scalar.column for scalar in settings.scalars.values()} | ({settings.row} if settings.row else set())
    parts: list[dict[str, np.ndarray]] = []
    for file in files:
        columns = _reader(file)(file, sorted(keys))
        _check_shapes(file, columns, settings, parts[0] if parts else columns, files[0])
        parts.append(columns)
    counts = [len(part[settings.star]) for part in parts]
    origin = pd.DataFrame(
        {
            "file": np.repeat([file.name for file in files], counts),
            "row": np.concatenate([np.arange(count) for count in counts]),
        }
    )
    return {key: np.concatenate([part[key] for part in parts]) for key in sorted(keys)}, origin


def _reader(file: Path) -> Callable[[Path, Sequence[str]], dict[str, np.ndarray]]:
    """What reads a file, by its content: a zip archive begins with PK, a TFRecord with a length and its checksum."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(FIRST_BYTES)
    except OSError as error:
        raise ViewError(f"{file}: cannot be read ({error.strerror}); expected a .npz or .tfrecord file") from None
    if head.startswith(b"PK"):
        return read_npz_columns
    if begins_record(head):
        return read_example_columns
    raise ViewError(
        f"{file}: neither a .npz archive (a zip file, as numpy.savez writes it) nor a TFRecord file, whatever its "
        "name, or damaged at its start; get it again"
    )


def _check_shapes(
    file: Path, columns: dict[str, np.ndarray], settings: ImportedViews, first: dict[str, np.ndarray], first_file: Path
) -> None:
    matrices = (settings.global_view, settings.local_view)
    numbers = {scalar.column for scalar in settings.scalars.values()}
    for key, array in columns.items():
        if key in matrices and (array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind != "f"):
            raise ViewError(
                f"{file}: key {key!r} is {array.dtype} {array.shape}, expected floats (signals, bins), two bins or more"
            )
        if key not in matrices and array.ndim != 1:
            raise ViewError(f"{file}: key {key!r} has the shape {array.shape}, expected one value for each signal")
        if key in numbers and array.dtype.kind not in "fiu":
            raise ViewError(f"{file}: key {key!r} is {array.dtype}, expected numbers")
        if key in (settings.star, settings.row, settings.disposition) and array.dtype.kind not in "iuUS":
            raise ViewError(
                f"{file}: key {key!r} is {array.dtype}, expected whole numbers or text: floats lose the digits of ids"
            )
        if array.shape[1:] != first[key].shape[1:]:
            raise ViewError(
                f"{file}: key {key!r} has {array.shape[1]} bins, in {first_file} {first[key].shape[1]}; "
                "sets of different lengths are imported under different names"
            )


def _signals(name: str, columns: dict[str, np.ndarray], origin: pd.DataFrame, settings: ImportedViews) -> pd.DataFrame:
    """Ids, dispositions and numbers of all rows, and for rows without a usable star the `reason`."""
    stars = text_column(columns[settings.star])
    targets, reasons = _targets(stars, settings.mission)
    if settings.row is not None:
        rows = text_column(columns[settings.row])
    else:
        rows = pd.Series(targets).groupby(targets).cumcount().add(1).astype(str)
    dispositions = text_column(columns[settings.disposition])
    signals = pd.DataFrame(
        {
            "signal_id": [f"{name} {target.split(' ')[-1]}-{row}" for target, row in zip(targets, rows, strict=True)],
            "target_id": targets,
            "disposition": dispositions.where(dispositions != "", settings.empty_disposition),
            "reason": reasons,
        }
    )
    signals.loc[signals["target_id"] == "", "signal_id"] = ""
    for number in NUMBERS:
        scalar = settings.scalars.get(number)
        signals[number] = np.nan if scalar is None else in_our_unit(columns[scalar.column], number, scalar)
    return signals


def text_column(array: np.ndarray) -> pd.Series:
    """A column of whole numbers or text as text, without blanks around it."""
    if array.dtype.kind in "iu":
        return pd.Series(array.astype(str), dtype=object)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return pd.Series(np.char.strip(array), dtype=object)


def _targets(stars: pd.Series, mission: Mission) -> tuple[np.ndarray, np.ndarray]:
    """The target id of each star number, `` where it is none, and the reason for that, else ``."""
    known: dict[str, tuple[str, str]] = {}
    for star in stars.unique():
        try:
            known[star] = (target_name(mission, star), "")
        except LightmillError as error:
            known[star] = ("", str(error))
    pairs = [known[star] for star in stars]
    return np.array([target for target, _ in pairs], object), np.array([reason for _, reason in pairs], object)


def _reject(reasons: np.ndarray, wrong: np.ndarray, reason: str) -> None:
    """Give the rows that are wrong their reason, unless they have one."""
    reasons[wrong & (reasons == "")] = reason


def _rebin(name: str, view: str, views: np.ndarray, settings: ImportedViews, reasons: np.ndarray) -> np.ndarray:
    """Views of the length that is asked for, on their scale again; rows that have no scale then get their reason."""
    wanted = settings.rebin
    bins, share = (wanted.global_, 1.0) if view == "global" else (wanted.local, wanted.local_share)
    if bins is None and share == 1:
        return views
    used = reasons == ""
    try:
        coarser = rebinned(np.where(used[:, None], views, 0), views.shape[1] if bins is None else bins, share)
    except ViewError as error:
        raise ViewError(f"imported_views.{name}.rebin.{view}: {error}") from None
    coarser[used] = rescaled(coarser[used], settings.scale)
    _reject(reasons, ~np.isfinite(coarser).all(axis=1), f"{view} view has no scale once it is re-binned")
    return coarser


def _check_scale(name: str, view: str, views: np.ndarray, scale: Scale, reasons: np.ndarray) -> None:
    """Reject views that are not of the declared scale; raise ViewError if they are more than a few."""
    asked = reasons == ""
    misfits, complaint = scale_misfits(views, scale, asked)
    if complaint:
        raise ViewError(
            f"imported_views.{name}.scale: {scale!r}, but {misfits.sum()} of {asked.sum()} {view} views are not so "
            f"scaled: {complaint}. Name the scale they have, or set rescale: true"
        )
    _reject(reasons, misfits, f"{view} view is not of the scale {scale!r}")


def _nothing_usable(reasons: np.ndarray) -> str:
    """Why no row is left, the commonest reasons with their counts."""
    if not len(reasons):
        return "its files hold no row; expected one for each signal"
    commonest = Counter(reasons).most_common()
    listed = "; ".join(f"{count}: {reason}" for reason, count in commonest[:3])
    others = sum(count for _, count in commonest[3:])
    return f"none of the {len(reasons)} rows can be used. {listed}" + (f"; {others} for other reasons" * bool(others))


def _repeated_id(ids: pd.Series, reasons: np.ndarray) -> np.ndarray:
    """Rows whose id an earlier row has, among those without a reason."""
    good = np.flatnonzero(reasons == "")
    repeated = np.zeros(len(ids), bool)
    repeated[good] = ids.iloc[good].duplicated().to_numpy()
    return repeated
