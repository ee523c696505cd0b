from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightmill.catalogs.splits import (
    assert_both_classes,
    assert_no_leak,
    hashed_splits,
    own_split,
    split_table,
    stratified_splits,
)
from lightmill.config.catalogs import SplitSettings
from lightmill.errors import LabelError

SPLITS = SplitSettings()
STARS = [f"KIC {number}" for number in range(1, 20001)]


def test_shares_of_many_stars():
    counts = Counter(own_split(star, SPLITS) for star in STARS)
    assert counts["test"] / len(STARS) == pytest.approx(0.15, abs=0.01)
    assert counts["validation"] / len(STARS) == pytest.approx(0.15, abs=0.01)


def test_a_star_never_moves():
    # written down once: if these change, every set ever split by hash leaks into its successors
    stars = ("KIC 11442793", "KIC 9941662", "TIC 1", "EPIC 206103150")
    assert [own_split(star, SPLITS) for star in stars] == ["train", "validation", "test", "train"]


def test_more_validation_takes_nothing_out_of_the_test():
    wide = SplitSettings(validation=0.3, test=0.15)
    assert all(own_split(star, wide) == "test" for star in STARS if own_split(star, SPLITS) == "test")


def test_the_most_held_out_star_decides_for_its_group():
    by_split = {
        split: next(s for s in STARS if own_split(s, SPLITS) == split) for split in ("train", "validation", "test")
    }
    train, validation, test = by_split["train"], by_split["validation"], by_split["test"]
    splits, moves = hashed_splits([train, validation, test, "KIC 7"], ["a", "a", "b", "c"], SPLITS, {})
    assert splits["a"] == "validation"
    assert splits["b"] == "test"
    assert moves.to_dict("records") == [
        {"target_id": train, "star_id": train, "group_id": "a", "own_split": "train", "split": "validation"}
    ]
    merged, moves = hashed_splits([train, validation, test], ["a", "a", "a"], SPLITS, {})
    assert merged == {"a": "test"}
    assert sorted(moves["star_id"]) == sorted([train, validation])


@given(st.lists(st.sampled_from(STARS[:300]), min_size=1), st.lists(st.sampled_from(STARS[:300])))
def test_an_update_moves_nobody(before, added):
    first, _ = hashed_splits(before, before, SPLITS, {})
    second, moves = hashed_splits(before + added, before + added, SPLITS, {})
    assert all(second[group] == split for group, split in first.items())
    assert moves.empty


@given(st.dictionaries(st.sampled_from(STARS[:200]), st.sampled_from("abcde"), min_size=1))
def test_a_merge_never_puts_a_held_out_star_into_training(groups):
    splits, moves = hashed_splits(list(groups), list(groups.values()), SPLITS, {})
    order = ["train", "validation", "test"]
    for star, group in groups.items():
        own = own_split(star, SPLITS)
        assert order.index(splits[group]) >= order.index(own)
        assert (star in set(moves["star_id"])) == (splits[group] != own)


@given(
    st.dictionaries(st.sampled_from([f"TIC {n}" for n in range(60)]), st.sampled_from(STARS[:60]), min_size=2),
    st.integers(0, 60),
)
def test_a_grown_crosswalk_never_puts_a_held_out_target_into_training(crosswalk, known):
    targets = sorted({*crosswalk, *crosswalk.values()})
    order = ["train", "validation", "test"]
    shorter = dict(list(crosswalk.items())[:known])
    splits, moved = {}, {}
    for name, mapped in (("before", shorter), ("after", crosswalk)):
        stars = [mapped.get(target, target) for target in targets]
        of_star, moves = hashed_splits(stars, stars, SPLITS, mapped)
        splits[name] = [order.index(of_star[star]) for star in stars]
        moved[name] = set(moves["target_id"])
    assert all(after >= before for before, after in zip(splits["before"], splits["after"], strict=True))
    assert moved["before"] <= moved["after"]
    for target, split in zip(targets, splits["after"], strict=True):
        assert (target in moved["after"]) == (own_split(target, SPLITS) != order[split])


def test_a_star_is_dealt_under_all_its_names_whatever_is_loaded():
    crosswalk = {f"TIC {n}": "KIC 7" for n in range(12)}
    names = ["KIC 7", *crosswalk]
    splits, moves = hashed_splits(["KIC 7"], ["KIC 7"], SPLITS, crosswalk)
    assert {own_split(name, SPLITS) for name in names} == {"train", "validation", "test"}
    assert splits == {"KIC 7": "test"}
    assert set(moves["target_id"]) == {name for name in names if own_split(name, SPLITS) != "test"}


def counts_of(classes, dealt):
    table = {}
    for group, name in classes:
        table.setdefault(name, Counter())[dealt[group]] += 1
    return table


def test_stratified_shares_by_group_and_class():
    rows = [(f"p{i}", "K2 planet") for i in range(20)] + [(f"n{i}", "K2 not_planet") for i in range(200)]
    dealt = stratified_splits([g for g, _ in rows], [c for _, c in rows], SPLITS)
    assert counts_of(rows, dealt) == {
        "K2 planet": {"test": 3, "validation": 3, "train": 14},
        "K2 not_planet": {"test": 30, "validation": 30, "train": 140},
    }


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(1, {"train": 1}), (2, {"train": 1, "test": 1}), (3, {"train": 1, "validation": 1, "test": 1})],
)
def test_stratified_small_classes(groups, expected):
    dealt = stratified_splits([f"g{i}" for i in range(groups)], ["c"] * groups, SPLITS)
    assert Counter(dealt.values()) == expected


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmno"), st.sampled_from(["p", "n"])), min_size=1))
def test_stratified_is_deterministic_and_whatever_the_order_of_rows(rows):
    dealt = stratified_splits([g for g, _ in rows], [c for _, c in rows], SPLITS)
    again = stratified_splits([g for g, _ in rows[::-1]], [c for _, c in rows[::-1]], SPLITS)
    assert dealt == again
    assert set(dealt) == {g for g, _ in rows}


@given(st.sets(st.integers(0, 40), min_size=3), st.sets(st.integers(41, 80), min_size=3))
def test_stratified_puts_each_class_in_each_split(planets, others):
    groups = [f"g{i}" for i in sorted(planets | others)]
    classes = ["p" if i in planets else "n" for i in sorted(planets | others)]
    dealt = counts_of(list(zip(groups, classes, strict=True)), stratified_splits(groups, classes, SPLITS))
    assert all(set(counts) == {"train", "validation", "test"} for counts in dealt.values())


def labels(*rows):
    return pd.DataFrame(rows, columns=["star_id", "group_id", "split", "label", "mission"])


def test_leaks_are_found_and_named():
    fine = labels(("KIC 1", "KIC 1", "train", "planet", "Kepler"), ("KIC 1", "KIC 1", "none", "unknown", "Kepler"))
    assert_no_leak(fine)
    across = labels(("KIC 1", "KIC 1", "train", "planet", "Kepler"), ("TIC 9", "KIC 1", "test", "planet", "TESS"))
    with pytest.raises(LabelError, match="group 'KIC 1' is in test and train"):
        assert_no_leak(across)
    torn = labels(("KIC 1", "a", "train", "planet", "Kepler"), ("KIC 1", "b", "train", "planet", "Kepler"))
    with pytest.raises(LabelError, match="star 'KIC 1' is in the groups a, b"):
        assert_no_leak(torn)


def test_both_classes_are_demanded_in_each_split():
    rows = [
        ("KIC 1", "g", split, label, "K2")
        for split in ("train", "validation", "test")
        for label in ("planet", "not_planet")
    ]
    assert_both_classes(labels(*rows), "K2")
    with pytest.raises(LabelError, match=r"K2: no not_planet in the split 'test'.*1 planet, 0 not_planet.*stratified"):
        assert_both_classes(labels(*rows[:-1]), "K2")
    with pytest.raises(LabelError, match="no planet in the split 'train'"):
        assert_both_classes(labels(), "empty")


def test_the_table_counts_signals_and_groups():
    text = split_table(
        labels(
            ("KIC 1", "KIC 1", "train", "planet", "Kepler"),
            ("KIC 1", "KIC 1", "train", "planet", "Kepler"),
            ("KIC 2", "KIC 2", "none", "unknown", "Kepler"),
        )
    )
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["Kepler", "planet", "2", "(1)", "0", "(0)", "0", "(0)", "0", "(0)"],
        ["Kepler", "unknown", "0", "(0)", "0", "(0)", "0", "(0)", "1", "(1)"],
    ]
