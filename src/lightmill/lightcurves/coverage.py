"""What a mission's light curves cover: outcomes, segments and cadences by label, and the gate on what is missing.

How a star was observed must not tell what it is: where planets' stars have, say, more quarters than the others', a
network can learn the survey instead of the transit. The table shows it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lightmill.errors import LightCurveError
from lightmill.files import write_csv
from lightmill.lightcurves.store import FETCH_AGAIN
from lightmill.logs import logger

OUTCOMES = ("ok", "absent", "transient", "corrupt")
LABELS = ("planet", "not_planet", "unknown")
# Beyond this, observation alone tells planets from the rest noticeably better than a coin.
_TELLING = 0.1
_NAMED = 20


def check_coverage(
    manifests: list[str], labels: list[str], max_missing: float, coverage: str | Path, searched: Sequence[str] = ()
) -> None:
    """Write and log a mission's coverage table; fail if too many of its targets have no light curve.

    Parameters
    ----------
    manifests, labels : list of str
        The mission's manifests of light curves, and its lists of labels (columns `target_id` and `label`).
    max_missing : float
        Largest fraction of targets that may not be `ok`.
    coverage : path
        CSV to write; see `coverage_table` for its columns.
    searched : list of str
        Lists of stars that are searched (column `target_id`): those without a label are no training data, and do not
        count.

    Raises
    ------
    LightCurveError
        If more are missing: says how many, why, which, and what to do.
    """
    outcomes = pd.concat([pd.read_parquet(path) for path in manifests], ignore_index=True)
    outcomes = outcomes.sort_values("target_id", ignore_index=True)
    labelled = pd.concat([pd.read_parquet(path, columns=["target_id", "label"]) for path in labels], ignore_index=True)
    only_searched = {star for path in searched for star in pd.read_parquet(path)["target_id"]}
    only_searched -= set(labelled["target_id"])
    outcomes = outcomes[~outcomes["target_id"].isin(only_searched)].reset_index(drop=True)
    table = coverage_table(outcomes, labelled)
    write_csv(coverage, table)
    logger.info("coverage by label:\n%s", table.to_string(index=False))
    _warn_if_telling(table)
    missing = _worst_first(outcomes, labelled)
    for outcome, advice in _ADVICE.items():
        rows = missing[missing["outcome"] == outcome]
        if len(rows):
            logger.warning("%d %s (%s):\n%s", len(rows), outcome, advice, _list(rows, len(rows)))
    if len(missing) > max_missing * len(outcomes):
        raise LightCurveError(_too_many(missing, len(outcomes), max_missing))


def coverage_table(outcomes: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """One row per label and one for all targets.

    `outcomes` are rows of manifests, `labelled` has one row per signal; a target counts once under every label that
    one of its signals has. Columns: label; targets; ok, absent, transient, corrupt (targets); missing (fraction not
    ok); then over the targets that are ok: segments_p10, _median, _p90, cadences_p10, _median, _p90, and
    segments_vs_not_planet, cadences_vs_not_planet: the probability that a star of this label has more than one of
    label not_planet, ties counted half (0.5: it tells nothing). NaN where there is nothing to count.
    """
    pairs = labelled[["target_id", "label"]].drop_duplicates()
    by_label = {
        label: outcomes[outcomes["target_id"].isin(pairs.loc[pairs["label"] == label, "target_id"])] for label in LABELS
    }
    others = _observed(by_label["not_planet"])
    return pd.DataFrame([_coverage_row(label, rows, others) for label, rows in {**by_label, "all": outcomes}.items()])


def _coverage_row(label: str, rows: pd.DataFrame, others: pd.DataFrame) -> dict[str, object]:
    observed = _observed(rows)
    row: dict[str, object] = {"label": label, "targets": len(rows)}
    row |= {outcome: int((rows["outcome"] == outcome).sum()) for outcome in OUTCOMES}
    row["missing"] = 1 - len(observed) / len(rows) if len(rows) else np.nan
    for name in ("segments", "cadences"):
        values = observed[name].to_numpy(float)
        quantiles = np.quantile(values, [0.1, 0.5, 0.9]) if len(values) else np.full(3, np.nan)
        row |= dict(zip((f"{name}_p10", f"{name}_median", f"{name}_p90"), quantiles, strict=True))
    for name in ("segments", "cadences"):
        row[f"{name}_vs_not_planet"] = probability_of_more(observed[name].to_numpy(), others[name].to_numpy())
    return row


def probability_of_more(these: np.ndarray, those: np.ndarray) -> float:
    """Probability that a random one of `these` is larger than a random one of `those`, ties counted half.

    The area under the ROC curve (Mann & Whitney 1947); NaN if either is empty.
    """
    if len(these) == 0 or len(those) == 0:
        return float("nan")
    ranks = rankdata(np.concatenate([these, those]))[: len(these)]
    return float((ranks.sum() - len(these) * (len(these) + 1) / 2) / (len(these) * len(those)))


def _observed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["outcome"] == "ok"]


# The worst first: what needs somebody to look, what time may heal, what there is no more to be had of.
_ADVICE = {
    "corrupt": "a file is damaged or not what it should be; once the archive has a better one: lightmill store forget "
    f"--outcome corrupt [--config FILE of this run], then {FETCH_AGAIN}",
    "transient": "the archive could not be read; worth trying again, which leaves the rest alone: make retry "
    "[CONFIG=FILE of this run]",
    "absent": "the archive has no file; not worth trying again unless another base_url has them",
}


def _worst_first(outcomes: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """The rows that are not ok, with columns `planets` and `signals`: how many signals of each target are lost.

    Those with the most planets come first, the rarest and dearest of all signals, then those with the most signals.
    """
    missing = outcomes[outcomes["outcome"] != "ok"]
    planets = labelled.loc[labelled["label"] == "planet", "target_id"].value_counts()
    missing = missing.assign(
        planets=missing["target_id"].map(planets).fillna(0).astype(int),
        signals=missing["target_id"].map(labelled["target_id"].value_counts()).fillna(0).astype(int),
    )
    return missing.sort_values(["planets", "signals", "target_id"], ascending=[False, False, True], ignore_index=True)


def _warn_if_telling(table: pd.DataFrame) -> None:
    planets = table[table["label"] == "planet"].iloc[0]
    for name in ("segments", "cadences"):
        probability = planets[f"{name}_vs_not_planet"]
        if abs(probability - 0.5) > _TELLING:
            logger.warning(
                "stars of planets have more %s than stars of non-planets with probability %.2f (0.5 would tell "
                "nothing): how a star was observed tells something of its label",
                name,
                probability,
            )


def _too_many(missing: pd.DataFrame, targets: int, max_missing: float) -> str:
    lines = [
        f"{len(missing)} of {targets} targets have no light curve ({len(missing) / targets:.1%}; max_missing allows "
        f"{max_missing:.1%}); lost with them: {_counted(int(missing['signals'].sum()), int(missing['planets'].sum()))}"
    ]
    for outcome, advice in _ADVICE.items():
        rows = missing[missing["outcome"] == outcome]
        if len(rows):
            lines.append(f"{len(rows)} {outcome}: {advice}\n{_list(rows, _NAMED)}")
    lines.append("or raise max_missing, if fewer light curves will do")
    return "\n".join(lines)


def _list(rows: pd.DataFrame, most: int) -> str:
    first = rows.head(most)
    columns = (first[name].tolist() for name in ("target_id", "signals", "planets", "detail"))
    shown = [
        f"  {target_id} ({_counted(signals, planets)}): {detail}"
        for target_id, signals, planets, detail in zip(*columns, strict=True)
    ]
    more = len(rows) - len(shown)
    return "\n".join(shown + ([f"  and {more} more"] if more else []))


def _counted(signals: int, planets: int) -> str:
    return f"{signals} signal{'' if signals == 1 else 's'}, {planets} planet{'' if planets == 1 else 's'}"
