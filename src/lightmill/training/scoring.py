"""Scoring views of any origin, in one portable file, with a model or an ensemble."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lightmill.config.views import Scale
from lightmill.errors import LightmillError, ModelError, ViewError
from lightmill.files import write_csv
from lightmill.training.dropout import dropout_spread
from lightmill.training.ensemble import (
    Ensemble,
    ensemble_calls,
    ensemble_probability,
    ensemble_shift,
    load_ensemble,
    members_by_seed,
    predict_members,
)
from lightmill.training.model_files import DESCRIPTION, Model, finite_rows, load_model, predict, read_description
from lightmill.training.networks.base import bins_of, bins_text
from lightmill.training.shift import Shift
from lightmill.training.uncertainty import uncertainty
from lightmill.views.importing import text_column
from lightmill.views.layout import exported_name
from lightmill.views.npz import npz_keys, read_npz_columns, read_npz_text
from lightmill.views.scale_check import scale_misfits

# Where rows say whose they are, the most telling first.
ID_COLUMNS = ("signal_id", "star_id", "target_id", "kepid", "tic_id", "TIC_ID", "epic", "row_id", "id")
DETAILS = ("aleatoric", "epistemic", "dropout_spread", "call", "calibration", "shift_auc")
# And those of them that are of a star, not of one of its signals.
STAR_COLUMNS = ("star_id", "target_id", "kepid", "tic_id", "TIC_ID", "epic")
# The views that have a scale of their own, which their numbers tell; the others share one of these.
_SELF_SCALED = ("global", "local")
_HOW_TO_SCALE = {
    "min": "take off each row's median and divide by its depth, so that the lowest bin is -1",
    "mad": "take off each row's median and divide by 1.4826 times its median absolute deviation",
    "depth": "take off each row's median and divide by the transit's depth",
}


class Scored(NamedTuple):
    """The rows of a file of views, scored.

    Attributes
    ----------
    table
        One row for each scored row of the file, in its order: `row` (from 0), `star_id` (the id column's text),
        `probability` (of the positive class of the model's task: the mean over members, calibrated; of a single model
        its own, as it is) and `spread` (the members' standard deviation before calibration; 0 for a single model).
    rejected
        The other rows: `row`, `star_id`, `reason`.
    members
        How many networks scored them.
    shift
        Whether an ensemble's calibration holds for these rows; None of a single model, which has none.
    """

    table: pd.DataFrame
    rejected: pd.DataFrame
    members: int
    shift: Shift | None


def score_file(
    model_dir: str | Path,
    views_file: str | Path,
    output: str | Path,
    id_column: str | None = None,
    prior: float | None = None,
    details: bool = False,
) -> Scored:
    """Score the rows of a file of views, and write both tables.

    The scores go to `output`, a CSV file, the rejected rows to `<stem>.rejected.csv` beside it. The other parameters
    are those of `score_rows`, and so are the errors; LightmillError if `output` is no `.csv`.
    """
    rejected_path(output)
    scored = score_rows(model_dir, views_file, id_column, prior, details)
    write_scores(output, scored)
    return scored


def score_rows(
    model_dir: str | Path,
    views_file: str | Path,
    id_column: str | None = None,
    prior: float | None = None,
    details: bool = False,
) -> Scored:
    """Score the rows of a file of views.

    Rejected are rows of which a view that the model looks at is not finite; and, in files that do not say how their
    views are scaled, the few (1 % at most) that are flat or not of the model's scale.

    Parameters
    ----------
    model_dir
        Folder of an ensemble or of a single model: `model.safetensors` and `model.json`.
    views_file
        `.npz` file without pickles. Of every view that the model takes, the array `<view>_view`, else `<view>`:
        (n, bins) numbers. An id column: (n,) whole numbers or text. `scale`, if it is there: one text, how the views
        are scaled (`min`, `mad`, `depth`). What `lightmill views` writes is such a file, and so is an exported dataset.
    id_column
        Key of the id column, which then also says whose a row is for the check of shifts; without it the first of
        ID_COLUMNS that is there, and for the check the first of STAR_COLUMNS.
    prior
        The share of positives among signals like these, if it is known to be another than on the validation rows.
    details
        Add the columns DETAILS to the table: `aleatoric` and `epistemic` (`lightmill.training.uncertainty`),
        `dropout_spread` (`lightmill.training.dropout`, NaN if the networks drop nothing), `call`
        (`lightmill.training.conformal`), `calibration` and `shift_auc` (`lightmill.training.shift`); of a single model
        the last three say nothing, for it is not calibrated.

    Raises ModelError if the model cannot be read, or if a prior is given that is no share or for a single model, which
    is not calibrated; ViewError, naming the file, if that cannot be read, lacks a view or an id column, or has views
    whose length or scale is not the model's.
    """
    model = _load(model_dir)
    keys = npz_keys(views_file)
    identity = _id_column(views_file, keys, id_column)
    arrays = {name: _view_key(views_file, keys, name, model.description) for name in model.description["views"]}
    # Where nobody said which key it is, ids may be of signals, and another key says whose these are.
    of_star = identity if id_column is not None else next((name for name in STAR_COLUMNS if name in keys), identity)
    columns = read_npz_columns(views_file, list(dict.fromkeys([identity, of_star, *arrays.values()])))
    ids, stars = (_ids(views_file, key, columns[key]) for key in (identity, of_star))
    views = {name: _fitting(views_file, name, key, columns[key], model.description) for name, key in arrays.items()}
    reasons = _reasons(views_file, keys, arrays, views, model.description["scale"])
    good = reasons == ""
    fitting = {name: view[good] for name, view in views.items()}
    members, probability = _predict(model, fitting, prior)
    rows = pd.DataFrame({"row": np.arange(len(ids)), "star_id": ids})
    table = rows[good].assign(probability=probability, spread=members.std(axis=0)).reset_index(drop=True)
    shift = ensemble_shift(model, fitting, stars[good].to_numpy(str)) if isinstance(model, Ensemble) else None
    if details:
        table = table.assign(**_details(model, fitting, members, shift))
    return Scored(
        table=table,
        rejected=rows[~good].assign(reason=reasons[~good]).reset_index(drop=True),
        members=len(members),
        shift=shift,
    )


def write_scores(output: str | Path, scored: Scored) -> None:
    """Write the scores to the CSV file `output`, after the rejected rows beside it."""
    write_csv(rejected_path(output), scored.rejected)
    write_csv(output, scored.table)


def rejected_path(output: str | Path) -> Path:
    """Where the rejected rows of a table of scores go; raises LightmillError if the table's name is no `.csv`."""
    output = Path(output)
    if output.suffix != ".csv":
        raise LightmillError(f"{output}: the name of the table must end in .csv")
    return output.with_suffix(".rejected.csv")


def _load(folder: str | Path) -> Model | Ensemble:
    description = read_description(Path(folder) / DESCRIPTION)
    return load_ensemble(folder) if "members" in description else load_model(folder)


def _predict(
    model: Model | Ensemble, views: Mapping[str, np.ndarray], prior: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Of views that fit the probabilities of the members (members, n), and the model's (n,)."""
    scale = model.description["scale"]
    if isinstance(model, Ensemble):
        members = predict_members(model, views, scale)
        return members, ensemble_probability(model, members, prior)
    if prior is not None:
        raise ModelError("a prior needs an ensemble, for a single model is not calibrated; name an ensemble's folder")
    alone = predict(model, views, scale)
    return alone[np.newaxis], alone


def _details(
    model: Model | Ensemble, views: Mapping[str, np.ndarray], members: np.ndarray, shift: Shift | None
) -> dict[str, Any]:
    """The columns DETAILS of views that fit, scored by `members` (members, n)."""
    doubt = uncertainty(members)
    networks = members_by_seed(model) if isinstance(model, Ensemble) else {model.description["seed"]: model.network}
    columns: list[Any] = [doubt.aleatoric, doubt.epistemic, dropout_spread(networks, views)]
    if isinstance(model, Ensemble) and shift is not None:
        # Calls are promised for signals as they were on validation, whatever prior is asked for.
        usual = ensemble_probability(model, members)
        columns += [ensemble_calls(model, usual, shift), shift.calibration, shift.auc]
    else:
        columns += ["", "", np.nan]
    return dict(zip(DETAILS, columns, strict=True))


def _id_column(file: str | Path, keys: list[str], wanted: str | None) -> str:
    if wanted is not None and wanted not in keys:
        raise ViewError(f"{file}: no id column {wanted!r}; {_listed(keys)}: name one of them with --id")
    found = [name for name in ID_COLUMNS if name in keys] if wanted is None else [wanted]
    if not found:
        raise ViewError(
            f"{file}: none of the keys that are known to hold ids ({', '.join(ID_COLUMNS)}); {_listed(keys)}: "
            "name the one that holds them with --id"
        )
    return found[0]


def _ids(file: str | Path, key: str, column: np.ndarray) -> pd.Series:
    if column.ndim != 1 or column.dtype.kind not in "iuUS":
        raise ViewError(
            f"{file}: id column {key!r} is {column.dtype} {column.shape}, expected one whole number or text for each "
            "row; name another with --id"
        )
    return text_column(column)


def _view_key(file: str | Path, keys: list[str], view: str, description: Mapping[str, Any]) -> str:
    """The key under which a view stands: `<view>_view`, else its bare name."""
    for key in (f"{view}_view", view):
        if key in keys:
            return key
    bins = bins_text(description["views"][view])
    raise ViewError(
        f"{file}: no {view} view, of which the model needs {bins} bins; {_listed(keys)}. "
        f"Add it under the key {exported_name(view)!r}, or take a model without it"
    )


def _fitting(file: str | Path, view: str, key: str, array: np.ndarray, description: Mapping[str, Any]) -> np.ndarray:
    """A view's array as (n, bins) or (n, rows, bins) float32, if it is of the shape that the model was trained on."""
    wanted = description["views"][view]
    axes = 2 if isinstance(wanted, int) else 1 + len(wanted)
    if array.ndim != axes or array.dtype.kind not in "fiu":
        raise ViewError(
            f"{file}: {view} view (key {key!r}) is {array.dtype} {array.shape}, but the model takes numbers "
            f"(rows, {bins_text(wanted).replace(' × ', ', ')}); save it so"
        )
    if bins_of(array) != wanted:
        bins, has = bins_text(wanted), bins_text(bins_of(array))
        raise ViewError(
            f"{file}: {view} view (key {key!r}) has {has} bins, but the model was trained on {bins}; "
            f"make views of {bins} bins, or take a model for {has}"
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _reasons(
    file: str | Path, keys: list[str], arrays: Mapping[str, str], views: Mapping[str, np.ndarray], scale: Scale
) -> np.ndarray:
    """Why each row is not scored (n,), empty for those that are."""
    reasons = np.full(len(next(iter(views.values()))), "", object)
    for view, array in views.items():
        _reject(reasons, ~finite_rows(array), f"{view} view holds values that are not finite")
    if "scale" in keys:
        _require_scale(file, read_npz_text(file, "scale"), scale, ", ".join(views))
        return reasons
    for view in (view for view in views if view in _SELF_SCALED):
        _reject(reasons, (views[view] == views[view][:, :1]).all(axis=1), f"{view} view is flat")
        asked = reasons == ""
        misfits, complaint = scale_misfits(views[view], scale, asked)
        if complaint:
            raise ViewError(
                f"{file}: {misfits.sum()} of {asked.sum()} {view} views (key {arrays[view]!r}) are not scaled by "
                f"{scale!r}, as the model expects: {complaint}. {_HOW_TO_SCALE[scale].capitalize()}"
            )
        _reject(reasons, misfits, f"{view} view is not of the scale {scale!r}")
    return reasons


def _require_scale(file: str | Path, found: str, scale: Scale, views: str) -> None:
    if found == scale:
        return
    advice = f"make the views with views.scale: {scale}"
    if found in _HOW_TO_SCALE:
        advice += f", or take a model trained on {found!r}"
    raise ViewError(
        f"{file}: its views ({views}) are scaled by {found!r}, says its key 'scale', but the model was trained on "
        f"views scaled by {scale!r}; {advice}"
    )


def _reject(reasons: np.ndarray, wrong: np.ndarray, reason: str) -> None:
    """Give the rows that are wrong their reason, unless they have one."""
    reasons[wrong & (reasons == "")] = reason


def _listed(keys: list[str]) -> str:
    return f"it has {', '.join(keys)[:500] or 'no .npy array'}"
