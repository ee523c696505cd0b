"""Tables of a transfer study as `compare_transfer` writes them, with values that are worked out and none that is drawn.

Average precision of a strategy with n labels is `ceiling - loss / n ** 0.3`.
"""

import itertools

import numpy as np
import pandas as pd

from lightmill.transfer.curves import DIFFERENCE_COLUMNS, WORTH_COLUMNS

LAWS = {
    "zero_shot": (0.70, 0.0),
    "frozen": (0.92, 0.9),
    "gradual": (0.94, 1.2),
    "fine_tuned": (0.95, 1.4),
    "joint": (0.955, 1.3),
    "from_scratch": (0.955, 2.8),
}
FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
N_TRAIN, N_TEST, N_TEST_POSITIVES = 8878, 1905, 412


def precision(strategy, n_labels, source_number=0):
    ceiling, loss = LAWS[strategy]
    lost = 0.0 if strategy == "from_scratch" else 0.03 * source_number
    return ceiling - lost - (loss / n_labels**0.3 if n_labels else 0.0)


def roc(value):
    return 1 - (1 - value) / 3


def cells(strategies, fractions, sources):
    """Source, its number, strategy, fraction and number of labels of each cell."""
    for number, source in enumerate(sources):
        for strategy in strategies:
            if strategy == "zero_shot":
                yield source, number, strategy, 0.0, 0
            elif strategy != "from_scratch" or number == 0:
                name = "none" if strategy == "from_scratch" else source
                for fraction in fractions:
                    yield name, number, strategy, fraction, round(N_TRAIN * fraction)


def half_width(n_labels):
    return 0.01 + 0.3 / max(n_labels, 200) ** 0.5


def study(strategies=tuple(LAWS), fractions=FRACTIONS, sources=("dr24",), seeds=(1, 2, 3), target="yu2019"):
    """`results`, `curves`, `differences`, `best`, `worth` and `rates` by name."""
    results, curves, rates = [], [], []
    for source, number, strategy, fraction, n_labels in cells(strategies, fractions, sources):
        value, half = precision(strategy, n_labels, number), half_width(n_labels)
        about = {
            "source": source,
            "strategy": strategy,
            "fraction": fraction,
            "n_labels": n_labels,
            "n_positives": n_labels // 5,
        }
        for metric, center, width in (("average_precision", value, half), ("roc_auc", roc(value), half / 3)):
            curves.append({**about, "metric": metric, "value": center, "low": center - width, "high": center + width})
        for draw in range(5 if 0 < fraction < 0.1 else 1):
            for seed in (*seeds, "mean"):
                apart = 0.0 if seed == "mean" else 0.01 * (seeds.index(seed) - (len(seeds) - 1) / 2)
                point = value + apart + 0.01 * (draw - 2) * (fraction < 0.1) * (fraction > 0)
                results.append(
                    {
                        **about, "target": target, "task": "triage", "architecture": "dual_branch", "draw": draw,
                        "seed": str(seed), "split": "test", "rate": np.nan if fraction == 0 else 1.0,
                        "n_validation": 900 * (n_labels > 0), "n_validation_positives": 190 * (n_labels > 0),
                        "n_test": N_TEST, "n_test_positives": N_TEST_POSITIVES,
                        "average_precision": point, "roc_auc": roc(point),
                    }
                )  # fmt: skip
        if fraction:
            good = 3.0 if fraction < 0.1 and strategy != "from_scratch" else 1.0
            rates += [
                {"source": source, "strategy": strategy, "fraction": fraction, "rate": rate,
                 "validation_average_precision": value - 0.01 * (rate != good), "chosen": rate == good}
                for rate in (0.3, 1.0, 3.0)
            ]  # fmt: skip
    return {
        "results": pd.DataFrame(results),
        "curves": pd.DataFrame(curves),
        "rates": pd.DataFrame(rates),
        **compared(strategies, fractions, sources),
    }


def compared(strategies, fractions, sources):
    differences, best, worth = [], [], []
    for (number, source), fraction in itertools.product(enumerate(sources), fractions):
        n_labels = round(N_TRAIN * fraction)
        values = {name: precision(name, n_labels if name != "zero_shot" else 0, number) for name in strategies}
        shares = {name: np.exp(60 * value) for name, value in values.items()}
        about = {"source": source, "fraction": fraction, "n_labels": n_labels}
        for strategy, other in itertools.combinations(sorted(values, key="from_scratch".__eq__), 2):
            apart = values[strategy] - values[other]
            differences += [
                difference(about, strategy, other, values, apart, "average_precision", half_width(n_labels))
            ]
            differences += [difference(about, strategy, other, values, apart / 3, "roc_auc", half_width(n_labels) / 3)]
        best += [
            {**about, "strategy": name, "share_best": share / sum(shares.values())} for name, share in shares.items()
        ]
        for name in set(strategies) - {"from_scratch", "zero_shot"} if "from_scratch" in strategies else ():
            scratch = min((2.8 / max(0.955 - values[name], 1e-9)) ** (1 / 0.3), N_TRAIN)
            worth.append(
                {"source": source, "strategy": name, "fraction": fraction, "n_labels": n_labels, "value": values[name],
                 "scratch_labels": scratch, "low": scratch * 0.8, "high": min(scratch * 1.3, N_TRAIN),
                 "fewest": min(fractions) * N_TRAIN, "most": max(fractions) * N_TRAIN,
                 "beyond": scratch == N_TRAIN, "worth": scratch - n_labels}
            )  # fmt: skip
    return {
        "differences": pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
        "best": pd.DataFrame(best, columns=["source", "fraction", "n_labels", "strategy", "share_best"]),
        "worth": pd.DataFrame(worth, columns=list(WORTH_COLUMNS)),
    }


def difference(about, strategy, other, values, apart, metric, half, primary=False):
    low, high = apart - half, apart + half
    return {
        **about, "strategy": strategy, "other": other, "metric": metric, "value": values[strategy],
        "other_value": values[other], "difference": apart, "low": low, "high": high, "confidence": 0.95,
        "excludes_zero": low > 0 or high < 0, "better": strategy if low > 0 else other if high < 0 else "",
        "primary": primary,
    }  # fmt: skip
