"""The words in a list of somebody's own: what a signal is taken for, in the label map's spelling and only once."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from lightmill.catalogs.convert import reject_repeated
from lightmill.catalogs.kinds import OWN
from lightmill.catalogs.policy import known_dispositions, label_of_words
from lightmill.catalogs.rows import Rows
from lightmill.config.catalogs import LabelPolicy, LabelSettings

UNKNOWN_WORD = "disposition without a label"
CONTRADICTION = "signal repeated with another disposition"

_TWO_SIGNALS = "; where two rows are two signals, name each in a column signal_id"
_SHORTEST_SLIP = 3  # letters: a shorter word is near to every other short one


def settled_words(rows: Rows, values: dict[str, Any], settings: LabelSettings) -> list[str]:
    """The dispositions of a list as it was read (`values`), in the label map's spelling.

    Rows are rejected whose word no map has; then all rows of a signal that contradict each other; then those that
    repeat another.
    """
    words = _known_words(rows, values["disposition"], known_dispositions(OWN, settings))
    _reject_contradictions(rows, values["signal_id"], values["target_id"], words, settings.own)
    reject_repeated(rows, values["signal_id"], _TWO_SIGNALS)
    return words


def _known_words(rows: Rows, words: Sequence[str], known: Collection[str]) -> list[str]:
    """The dispositions in the label map's spelling, whatever their case; rows with a word that it lacks are rejected.

    `words` are those of the rows, '' where there is none; `known` those that have a label or are scored only.
    """
    spelling = {_folded(word): word for word in sorted(known)}
    spelt = [word if word in known else spelling.get(_folded(word), "") for word in words]

    def reason(row: int) -> str:
        word = _folded(words[row])
        near = get_close_matches(word, spelling, n=1) if len(word) >= _SHORTEST_SLIP else []
        meant = f"did you mean {spelling[near[0]]!r}? " if near else ""
        return (
            f"disposition {words[row][:60]!r}: {meant}expected planet, not_planet or unknown, or an archive's word "
            "such as CONFIRMED, PC, FP or EB; other words go into labels.own.planet or labels.own.not_planet"
        )

    without_label = np.array([bool(word) and not one for word, one in zip(words, spelt, strict=True)], dtype=bool)
    rows.reject(without_label, UNKNOWN_WORD, reason)
    return [one or word for word, one in zip(words, spelt, strict=True)]


def _reject_contradictions(
    rows: Rows, ids: Sequence[str], stars: Sequence[str], words: Sequence[str], policy: LabelPolicy
) -> None:
    """Reject every row of a signal whose rows have different labels: which of them is right, nobody can tell.

    A row without a word contradicts nothing, and goes with those that do.
    """
    label = label_of_words(policy)
    same: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(rows.kept).tolist():
        same.setdefault((ids[row], stars[row]), []).append(row)
    other: dict[int, int] = {}
    for members in same.values():
        said = [row for row in members if words[row]]
        labels = {row: label.get(words[row], "unknown") for row in said}
        if len(set(labels.values())) > 1:
            other |= {row: next(one for one in said if labels[one] != labels.get(row)) for row in members}

    def reason(row: int) -> str:
        line = rows.line[other[row]]
        return (
            f"{ids[row]} repeats line {line} with another disposition ({words[row] or 'none'}; line {line} has "
            f"{words[other[row]]}): neither counts; leave the right row{_TWO_SIGNALS}"
        )

    contradicts = np.zeros(len(rows), dtype=bool)
    contradicts[list(other)] = True
    rows.reject(contradicts, CONTRADICTION, reason)


def _folded(word: str) -> str:
    """A word as it is compared: in lower case, without what is added in brackets, with spaces for `_` and `-`."""
    return re.sub(r"[\s_-]+", " ", word.split(" [", 1)[0].casefold())
