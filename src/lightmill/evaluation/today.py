"""Old labels judged by what later tables say of the same signals."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.later import match_later, read_later
from lightmill.catalogs.merging import REPEATING
from lightmill.config.training import EvaluationSettings, LaterLabels
from lightmill.errors import CatalogError
from lightmill.evaluation.ceiling import todays_metrics
from lightmill.files import SEPARATOR, write_csv
from lightmill.logs import logger
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import ensemble_probability
from lightmill.training.judged import asked_truth, members_of_views, read_judged, views_of_rows

TRUTH_COLUMNS = (
    "signal_id",
    "star_id",
    "group_id",
    "split",
    "disposition",
    "old_label",
    "later_disposition",
    "todays_label",
    "todays_label_or_absent",
    "later_table",
    "later_signal_id",
    "how",
    "events",
    "probability",
)


def judge_today(
    dataset: str | Path,
    ensemble: str | Path,
    tables: Sequence[str | Path],
    events: Sequence[str | Path],
    folder: str | Path,
    settings: LaterLabels,
    evaluation: EvaluationSettings,
) -> None:
    """Judge the old labels of the test split by later tables; writes `todays_truth.csv` and `todays_metrics.csv`.

    Parameters
    ----------
    dataset, ensemble
        Folders of the dataset, and of the ensemble that was trained on it.
    tables
        Catalog files that say what the signals are today.
    events
        Catalog file of the events that the rows of a dataset without ephemerides are; none for others.
    settings
        What the later dispositions mean in the experiment's question.
    evaluation
        Bootstrap and precisions.

    Raises ModelError if the dataset is not the ensemble's; CatalogError if a table cannot be read, if nothing has a
    period to be matched by, or nothing is listed.
    """
    data, models = read_judged(dataset, ensemble)
    truth = _judged_rows(data, asked_truth(data, models))
    later, listed = read_later(tables), read_later(events) if events else None
    _warn_of_strangers(later, settings)
    truth = truth.join(todays_labels(truth, later, listed, settings))
    if events:
        _require_events(truth, events)
    if not truth["todays_label"].notna().any():
        raise CatalogError(
            f"dataset {data.name}: of {len(truth)} signals none is listed as {', '.join(settings.positive)} or "
            f"{', '.join(settings.negative)} in {', '.join(sorted(map(str, tables)))}; name later tables of its mission"
        )
    views = views_of_rows(data, models, truth["place"].to_numpy())
    truth["probability"] = ensemble_probability(models, members_of_views(data, models, views))
    metrics = todays_metrics(truth, settings, evaluation, float(models.description["threshold"]))
    write_csv(Path(folder) / "todays_truth.csv", truth[list(TRUTH_COLUMNS)])
    write_csv(Path(folder) / "todays_metrics.csv", metrics)
    _log(metrics)


def _warn_of_strangers(later: pd.DataFrame, settings: LaterLabels) -> None:
    """Say it where a disposition that is asked for stands in no later table: it may be misspelt."""
    there = set(later["disposition"])
    for name in [*settings.positive, *settings.negative]:
        if name not in there:
            logger.warning("no later table has the disposition %r; there are %s", name, ", ".join(sorted(there)))


def _require_events(truth: pd.DataFrame, events: Sequence[str | Path]) -> None:
    """Log how many signals have an event; raises CatalogError where none has, for then the table is another's."""
    found = int((truth["events"] > 0).sum())
    where = ", ".join(sorted(map(str, events)))
    if not found:
        raise CatalogError(
            f"today.events: of {len(truth)} signals none is an event of {where} by star and disposition; "
            "name the table of the events that the views are of"
        )
    logger.info("%d of %d signals have an event in %s", found, len(truth), where)


def todays_labels(
    signals: pd.DataFrame, later: pd.DataFrame, events: pd.DataFrame | None, settings: LaterLabels
) -> pd.DataFrame:
    """What each signal is today, by later tables.

    Parameters
    ----------
    signals
        (n,) rows with `signal_id`, `star_id`, `disposition`, `period_d`, `epoch_bjd`, `duration_h`; unless `table` says
        that they are of one that does not, they may list a dip more than once.
    later
        Later tables, as `read_later` gives them.
    events
        Where the signals have no ephemerides: the table of events that they are rows of. A signal may be any event of
        its star that has its disposition there, and is judged if all of these come out the same. That looks at old
        labels, and is for evaluation alone: nothing joined like this may be learned from.

    Returns
    -------
    Rows as those of `signals`: `later_table`, `later_signal_id`, `later_disposition` and `how` (those of several
    events joined by `; `), `events` (of how many), `todays_label` (1, 0, or NaN where no later table decides), and
    `todays_label_or_absent`, in which what has an ephemeris and is in no later table is 0.

    Raises CatalogError if no signal has a period, and there are no events.
    """
    if events is None and not signals["period_d"].notna().any():
        raise CatalogError("no signal of the dataset has a period; name the table of its events under today.events")
    listed = signals if events is None else events
    repeats = "table" not in listed or bool((listed["table"] == REPEATING).any())
    row, how = match_later(listed, later, repeats=repeats)
    columns = {
        "later_table": _taken(later["table"], row),
        "later_signal_id": _taken(later["signal_id"], row),
        "later_disposition": _taken(later["disposition"], row),
        "how": how,
    }
    found = pd.DataFrame(columns, index=listed.index)
    found["todays_label"] = np.where(
        found["later_disposition"].isin(settings.positive),
        1.0,
        np.where(found["later_disposition"].isin(settings.negative), 0.0, np.nan),
    )
    found["todays_label_or_absent"] = found["todays_label"].mask(found["how"] == "absent", 0.0)
    if events is None:
        return found.assign(events=1)
    return _over_events(signals, events, found)


def _over_events(signals: pd.DataFrame, events: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """What was found of the events that each signal may be: numbers where all agree, texts joined."""
    keys = ["star_id", "disposition"]
    of_kind = found.assign(**{key: events[key] for key in keys}).groupby(keys)
    together = of_kind.agg(
        **{name: (name, _joined) for name in ("later_table", "later_signal_id", "later_disposition", "how")},
        **{name: (name, _agreed) for name in ("todays_label", "todays_label_or_absent")},
        events=("how", "size"),
    )
    of_signal = together.reindex(pd.MultiIndex.from_frame(signals[keys])).set_axis(signals.index)
    texts = dict.fromkeys(("later_table", "later_signal_id", "later_disposition"), "") | {"how": "no_event"}
    return of_signal.fillna({**texts, "events": 0}).astype({"events": int})


def _joined(cells: pd.Series) -> str:
    return SEPARATOR.join(sorted(set(cells) - {""}))


def _agreed(labels: pd.Series) -> float:
    """The label that all have; NaN where one has none, or they differ."""
    return float(labels.iloc[0]) if labels.nunique(dropna=False) == 1 else np.nan


def _taken(values: pd.Series, row: NDArray[np.intp]) -> NDArray[np.object_]:
    """Text (n,) of the rows (n,), '' where the row is -1."""
    return np.append(values.to_numpy(object), "")[row]


def _judged_rows(data: Dataset, old: NDArray[np.float32]) -> pd.DataFrame:
    """The signals of the test split that are in the task, and those without a label; `place` is that in the dataset."""
    meta = data.meta.assign(old_label=old.astype(float), place=np.arange(len(data.meta)))
    of_test = (meta["split"] == "test") & meta["old_label"].notna()
    unlabelled = (meta["label"] == "unknown") & meta["old_label"].isna()
    return meta[of_test | unlabelled].reset_index(drop=True)


def _log(metrics: pd.DataFrame) -> None:
    for row in metrics[metrics["metric"] == "average_precision"].to_dict("records"):
        logger.info(
            "%s, %s by %s labels: average precision %.3f (%.3f to %.3f); %d signals, %d left out, "
            "%d now positive, %d now negative",
            *(row[name] for name in ("rows", "model", "labels", "value", "low", "high")),
            *(row[name] for name in ("n", "n_left_out", "n_now_positive", "n_now_negative")),
        )
