from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from transfer.study import difference, study

from lightmill.figures import save_figure
from lightmill.files import sha256_file
from lightmill.transfer.advice import write_advice
from lightmill.transfer.advice_template import template_digest
from lightmill.transfer.advice_words import about, in_short, label_range, of_primary, of_recommendation, worth_text
from lightmill.transfer.claims import check_claims
from lightmill.transfer.curves import DIFFERENCE_COLUMNS, WORTH_COLUMNS
from lightmill.transfer.recommend import recommend

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Text and tags of a page; fails where tags do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.words, self.tags, self.open = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    place = tmp_path_factory.mktemp("figures")
    for name in ("claims", "learning_curves"):
        save_figure(place / f"{name}.png", Figure(figsize=(1, 1)))
    return {name: place / f"{name}.png" for name in ("claims", "learning_curves")}


def advice(place, tables, figures, mismatched=False):
    write_advice(
        place,
        results=tables["results"],
        curves=tables["curves"],
        differences=tables["differences"],
        worth=tables["worth"],
        claims=check_claims(
            differences=tables["differences"], n_source=dict.fromkeys(tables["differences"]["source"], 11000)
        ),
        figures=figures,
        mismatched=mismatched,
        confidence=0.95,
    )
    return Page(Path(place).read_text(encoding="utf-8"))


def measured(values, half, fraction=1.0):
    """Curves and differences of strategies at one fraction, from their values."""
    place = {"source": "here", "fraction": fraction, "n_labels": 100}
    curves = pd.DataFrame(
        [
            {
                "source": "none" if name == "from_scratch" else "here", "strategy": name,
                "fraction": 0.0 if name == "zero_shot" else fraction, "n_labels": 0 if name == "zero_shot" else 100,
                "n_positives": 0 if name == "zero_shot" else 20, "metric": "average_precision", "value": value,
                "low": value - 0.1, "high": value + 0.1,
            }
            for name, value in values.items()
        ]
    )  # fmt: skip
    names = list(values)
    rows = [
        difference(place, one, other, values, values[one] - values[other], "average_precision", half)
        for index, one in enumerate(names)
        for other in names[index + 1 :]
    ]
    return curves, pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS)), pd.DataFrame(columns=list(WORTH_COLUMNS))


@pytest.mark.parametrize(
    ("values", "half", "taken"),
    [
        ({"joint": 0.9, "gradual": 0.89, "fine_tuned": 0.88, "frozen": 0.8, "from_scratch": 0.7}, 0.015, "gradual"),
        ({"joint": 0.9, "gradual": 0.89, "fine_tuned": 0.88, "frozen": 0.8, "from_scratch": 0.7}, 0.025, "fine_tuned"),
        ({"joint": 0.9, "gradual": 0.89, "fine_tuned": 0.88, "frozen": 0.8, "from_scratch": 0.7}, 0.005, "joint"),
        ({"joint": 0.9, "frozen": 0.8, "from_scratch": 0.89, "zero_shot": 0.5}, 0.02, "from_scratch"),
        ({"joint": 0.9, "frozen": 0.8, "from_scratch": 0.89, "zero_shot": 0.895}, 0.02, "zero_shot"),
        ({"frozen": 0.9}, 0.02, "frozen"),
    ],
)
def test_the_simplest_that_is_not_distinguishably_worse_is_taken(values, half, taken):
    (item,) = recommend(*measured(values, half), "here")
    assert item.strategy == taken
    assert item.best == max(values, key=values.get)
    assert item.value == values[taken]
    assert (item.n_labels, item.n_positives) == (100, 20)
    if "from_scratch" in values and taken != "from_scratch":
        assert item.gain.difference == pytest.approx(values[taken] - values["from_scratch"])


def test_what_was_not_compared_is_told_by_its_value_alone():
    curves, differences, worth = measured({"joint": 0.9, "frozen": 0.89}, 0.05)
    (item,) = recommend(curves, differences.iloc[:0], worth, "here")
    assert (item.strategy, item.compared, item.gain, item.worth) == ("joint", False, None, None)
    assert of_recommendation(item)["gain"] == "not measured"


def test_ranges_part_at_geometric_means_and_end_with_what_was_measured():
    tables = study()
    recommended = recommend(tables["curves"], tables["differences"], tables["worth"], "dr24")
    assert [item.from_labels for item in recommended[:2]] == [89, pytest.approx(np.sqrt(89 * 178))]
    assert recommended[-1].up_to == 8878
    assert [item.strategy for item in recommended] == ["zero_shot"] * 2 + ["frozen"] * 5
    assert in_short(recommended) == [
        ("About 89 to 280 labels", "take the source's network as it is"),
        ("About 280 to 8,900 labels", "go on training with the early layers frozen"),
    ]


def test_numbers_of_labels_are_rounded_to_two_digits():
    assert [about(count) for count in (0, 7, 89.4, 281.1, 8878, 8150.2)] == ["0", "7", "89", "280", "8,900", "8,200"]
    assert label_range(8878, 8878) == "About 8,900 labels"


@pytest.mark.parametrize(
    ("needed", "low", "high", "beyond", "text"),
    [
        (400, 250, 700, False, "400 (250 to 700)"),
        (100, 100, 700, False, "100 or fewer (100 or fewer to 700)"),
        (400, 100, 700, False, "400 (100 or fewer to 700)"),
        (400, 250, 1000, False, "400 (250 to 1,000 or more)"),
        (1000, 700, 1000, True, "more than all 1,000 (700 to 1,000 or more)"),
        (400, 100, 1000, False, "cannot tell: anything from 100 or fewer to 1,000 or more"),
    ],
)
def test_how_many_labels_a_source_is_worth_is_no_surer_than_what_was_measured(needed, low, high, beyond, text):
    row = {"scratch_labels": needed, "low": low, "high": high, "fewest": 100, "most": 1000, "beyond": beyond}
    assert worth_text(row) == text


def test_a_recommendation_has_the_worth_of_its_strategy():
    tables = study()
    recommended = recommend(tables["curves"], tables["differences"], tables["worth"], "dr24")
    row = tables["worth"].query("strategy == 'frozen' and fraction == 0.05").iloc[0]
    assert recommended[2].strategy == "frozen"
    assert of_recommendation(recommended[2])["worth"] == worth_text(row)


def test_each_source_is_worth_its_own_labels():
    tables = study(sources=("dr24", "dr25"))
    for source in ("dr24", "dr25"):
        recommended = recommend(tables["curves"], tables["differences"], tables["worth"], source)
        assert {item.worth["source"] for item in recommended if item.worth} == {source}


@pytest.mark.parametrize(
    ("apart", "sentence"),
    [
        (0.05, "Joint training is better than training from scratch."),
        (-0.05, "Training from scratch is better than joint training."),
        (
            0.005,
            "Joint training and training from scratch cannot be told apart.",
        ),
    ],
)
def test_primary_comparisons_get_a_verdict_from_their_interval(apart, sentence):
    place = {"source": "here", "fraction": 1.0, "n_labels": 8878}
    values = {"joint": 0.8 + apart, "from_scratch": 0.8}
    row = difference(place, "joint", "from_scratch", values, apart, "average_precision", 0.01, primary=True)
    (said,) = of_primary(pd.DataFrame([{**row, "confidence": 1 - 0.05 / 3}, {**row, "primary": False}]))
    assert said["verdict"] == sentence
    assert said["confidence"] == "98.3 %"
    assert said["values"] == f"{0.8 + apart:.3f} against 0.800"
    assert said["labels"] == "8,878"


def test_the_page_says_what_was_measured(tmp_path, figures):
    tables = study()
    differences = tables["differences"]
    asked = differences.query("strategy == 'frozen' and other == 'from_scratch' and fraction == 0.1")
    tables["differences"] = pd.concat([differences, asked[asked["metric"] == "average_precision"].assign(primary=True)])
    page = advice(tmp_path / "advice.html", tables, figures)
    frozen = (
        tables["curves"].query("strategy == 'frozen' and fraction == 0.1 and metric == 'average_precision'").iloc[0]
    )
    for words in (
        "About 280 to 8,900 labels go on training with the early layers frozen",
        f"888 177 positive; 10 % of all frozen early layers {frozen['value']:.3f} {frozen['low']:.3f} to",
        "1,905 signals of the target",
        "412 of them are positive",
        "guessing has 0.216 here",
        "validation split: 900 more labels, 190 of them positive",
        "Freezing the early layers is better than training from scratch.",
        "Joint training wins: does not hold",
    ):
        assert words in page.text
    assert "different questions" not in page.text


def test_the_page_needs_no_other_file_and_can_be_read_aloud(tmp_path, figures):
    page = advice(tmp_path / "advice.html", study(), figures)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 2
    for picture in pictures:
        assert picture["src"].startswith("data:image/png;base64,iVBOR")
        assert "a chart of baseline (zero-shot), from scratch" in picture["alt"]
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert ("html", {"lang": "en"}) in page.tags
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3")]
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_names_are_text_and_never_tags(tmp_path, figures):
    name = "<script>alert('a & b')</script>"
    tables = study(sources=(name, "b"), target="<b>yu</b>", fractions=(1.0,))
    page = advice(tmp_path / "advice.html", tables, figures)
    assert name in page.text
    assert "<b>yu</b>" in page.text
    assert not {"script", "b"} & {tag for tag, _ in page.tags}


def test_an_arm_that_asks_another_question_is_flagged(tmp_path, figures):
    page = advice(tmp_path / "advice.html", study(fractions=(1.0,)), figures, mismatched=True)
    assert "Source and target ask different questions here." in page.text


@pytest.mark.parametrize("strategies", [("zero_shot",), ("frozen", "fine_tuned"), ("from_scratch", "frozen")])
def test_a_page_of_any_strategies(tmp_path, strategies):
    tables = study(strategies=strategies, fractions=(1.0,))
    page = advice(tmp_path / "advice.html", tables, {})
    assert ("No labels" in page.text) == ("zero_shot" in strategies)
    assert ("About 8,900 labels" in page.text) == (strategies != ("zero_shot",))
    assert ("The last column" in page.text) == ("from_scratch" in strategies)
    assert "The figures" not in page.text


def test_a_page_of_a_study_without_comparisons_says_so(tmp_path):
    tables = study(strategies=("frozen", "fine_tuned"), fractions=(1.0,))
    tables["differences"] = tables["differences"].iloc[:0]
    page = advice(tmp_path / "advice.html", tables, {})
    assert "The ways were not all compared" in page.text
    assert "asked in advance" not in page.text


def test_a_figure_that_the_page_does_not_know_is_refused(tmp_path, figures):
    with pytest.raises(KeyError, match="no figure of the page of advice: other"):
        advice(tmp_path / "advice.html", study(fractions=(1.0,)), {**figures, "other": "x.png"})


def test_the_page_repeats_to_the_byte(tmp_path, figures):
    for name in ("a", "b"):
        advice(tmp_path / name, study(), dict(sorted(figures.items(), reverse=name == "b")))
    assert sha256_file(tmp_path / "a") == sha256_file(tmp_path / "b")


def test_the_template_has_a_digest():
    assert len(template_digest()) == 32
