"""What the page of advice says: numbers made into words."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.transfer.claims import FEW, FROZEN_SUFFICES, JOINT_WINS, MARGIN, MOST_AT_SIZE, SUMMARY
from lightmill.transfer.recommend import Recommendation
from lightmill.transfer.styles import METRICS, STYLES, percent

# What each strategy does, after "it is".
STRATEGIES: dict[str, str] = {
    AS_IT_IS: "The source's network as it is. It learns nothing from your labels.",
    ALONE: "A new network that learns from your labels alone. No source is needed.",
    "frozen": "The source's network goes on learning from your labels, except for its early layers, which find simple "
    "shapes such as edges and dips: these stay as they are.",
    "fine_tuned": "The whole of the source's network goes on learning from your labels, in small steps.",
    "gradual": "The source's network goes on learning, its layers set free one after the other: the last first, the "
    "early ones late and in smaller steps.",
    "joint": "One network learns from the source's labels and from yours together, as much from one as from the other.",
}
_SUBJECTS: dict[str, str] = {
    AS_IT_IS: "the source's network as it is",
    ALONE: "training from scratch",
    "frozen": "freezing the early layers",
    "fine_tuned": "fine-tuning",
    "gradual": "gradual unfreezing",
    "joint": "joint training",
}
_DO: dict[str, str] = {
    AS_IT_IS: "take the source's network as it is",
    ALONE: "train from scratch",
    "frozen": "go on training with the early layers frozen",
    "fine_tuned": "fine-tune the whole network",
    "gradual": "unfreeze the network gradually",
    "joint": "train on both sets jointly",
}
_MEANINGS = {
    JOINT_WINS: "joint training is better than the best of the other ways",
    FROZEN_SUFFICES: f"with up to {percent(FEW)} of the labels it is enough to go on training with the early layers "
    f"frozen; no other way is better by {MARGIN:g} in average precision",
    MOST_AT_SIZE: "the advantage over training from scratch is largest where the target has 10 to 20 % as many labels "
    "as the source had",
}
# Title and caption of each figure.
FIGURES = {
    "learning_curves": (
        "How good each strategy becomes with more labels",
        "To the right there are more labels to learn from, upwards the network is better. Bands: intervals.",
    ),
    "transfer_learning_comparison": (
        "With all labels",
        "Bars: the networks of all seeds (starting points) together, with intervals. Points: single networks.",
    ),
    "optimum": (
        "How the best choice moves",
        "Above: how often each strategy comes first when the test is drawn again. Below: how fast each had best learn, "
        "as a factor on its usual rate.",
    ),
    "claims": (
        "The three claims",
        "Differences in average precision with intervals; above zero the strategy named first is better.",
    ),
}


def number(value: float) -> str:
    """Three digits behind the point, with a real minus sign."""
    return f"{value:.3f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """Both ends of an interval, where there is one."""
    if np.isnan(low):
        return "no interval"
    return f"{number(low)} to {number(high)}"


def about(count: float) -> str:
    """A count of labels to two digits."""
    if count <= 0:
        return "0"
    step = 10.0 ** max(0, int(np.floor(np.log10(count))) - 1)
    return f"{round(count / step) * step:,.0f}"


def in_short(recommended: Sequence[Recommendation]) -> list[tuple[str, str]]:
    """For each range of numbers of labels in which one strategy is taken: the range, and what to do."""
    runs = [list(run) for _, run in groupby(recommended, key=lambda item: item.strategy)]
    return [(label_range(run[0].from_labels, run[-1].up_to), _DO[run[0].strategy]) for run in runs]


def label_range(start: float, end: float) -> str:
    """A range of numbers of labels in words."""
    first, last = about(start), about(end)
    return f"About {first} labels" if first == last else f"About {first} to {last} labels"


def of_recommendation(item: Recommendation) -> dict[str, str]:
    """The cells of a recommendation's line, by name."""
    return {
        "labels": f"{item.n_labels:,.0f}",
        "positives": f"{item.n_positives:,.0f}",
        "share": percent(item.fraction),
        "strategy": STYLES[item.strategy].name,
        "best": "" if item.best == item.strategy else STYLES[item.best].name,
        "value": number(item.value),
        "interval": interval(item.low, item.high),
        "gain": _gain(item),
        "worth": _worth(item),
    }


def _gain(item: Recommendation) -> str:
    if item.strategy == ALONE:
        return "it is from scratch"
    if item.gain is None:
        return "not measured"
    sign = "+" if item.gain.difference >= 0 else ""
    told = "" if item.gain.low > 0 or item.gain.high < 0 else ", cannot be told apart"
    return f"{sign}{number(item.gain.difference)} ({interval(item.gain.low, item.gain.high)}){told}"


def _worth(item: Recommendation) -> str:
    if item.strategy == ALONE:
        return "the same"
    if item.worth is None:
        return "not measured"
    return worth_text(item.worth)


def worth_text(row: Mapping[str, Any]) -> str:
    """A row of `worth.csv` in words: how many labels from scratch give the same, and how sure that is."""
    fewest, most = row["fewest"], row["most"]
    below, above = row["low"] <= fewest, row["high"] >= most
    if below and above:
        return f"cannot tell: anything from {about(fewest)} or fewer to {about(most)} or more"
    ends = f"{about(row['low'])}{' or fewer' if below else ''} to {about(row['high'])}{' or more' if above else ''}"
    if row["beyond"]:
        return f"more than all {most:,.0f} ({ends})"
    return f"{about(row['scratch_labels'])}{' or fewer' if row['scratch_labels'] <= fewest else ''} ({ends})"


def of_primary(differences: pd.DataFrame) -> list[dict[str, str]]:
    """The comparisons named in advance: what they say, and how sure."""
    rows = differences[differences["primary"].astype(bool)] if len(differences) else differences
    return [_primary(row) for row in rows.to_dict("records")]


def _primary(row: Mapping[Hashable, Any]) -> dict[str, str]:
    first, second = _SUBJECTS[row["strategy"]], _SUBJECTS[row["other"]]
    if row["low"] > 0:
        verdict = f"{first} is better than {second}"
    elif row["high"] < 0:
        verdict = f"{second} is better than {first}"
    else:
        verdict = f"{first} and {second} cannot be told apart"
    return {
        "source": str(row["source"]),
        "labels": f"{row['n_labels']:,.0f}",
        "metric": METRICS.get(row["metric"], row["metric"]),
        "values": f"{number(row['value'])} against {number(row['other_value'])}",
        "difference": f"{number(row['difference'])} ({interval(row['low'], row['high'])})",
        "confidence": percent(round(row["confidence"], 3)),
        "verdict": f"{_capital(verdict)}.",
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def of_claims(claims: pd.DataFrame) -> list[dict[str, str]]:
    """Source, claim, what it means, verdict and reason of each claim."""
    return [
        {
            "source": str(row["source"]),
            "claim": _capital(row["claim"]),
            "meaning": _MEANINGS[row["claim"]],
            "verdict": str(row["verdict"]),
            "reason": str(row["reason"]),
        }
        for row in claims[claims["measure"] == SUMMARY].to_dict("records")
    ]


def figure_of(name: str, strategies: Sequence[str]) -> dict[str, str]:
    """Title, caption and text for those who cannot see a figure."""
    title, caption = FIGURES[name]
    shown = ", ".join(STYLES[strategy].name for strategy in strategies)
    return {"title": title, "caption": caption, "alt": f"{title}: a chart of {shown}. {caption}"}
