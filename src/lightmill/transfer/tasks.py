"""One question on both sides of a transfer: label maps that do not contradict each other."""

from collections.abc import Mapping

from lightmill.errors import LabelError
from lightmill.training.classes import disagreements


def require_same_question(source: Mapping[str, set[int]], target: Mapping[str, set[int]], mismatched: bool) -> None:
    """Raise LabelError if two label maps put one kind of thing on different sides, unless `mismatched` is allowed.

    A label map gives the sides of each disposition: {1}, {0}, or both where only other facts tell.
    """
    lines = disagreements(source, target)
    if lines and not mismatched:
        raise LabelError(
            "source and target ask different questions: "
            + "; ".join(lines)
            + ". Change the labels of one side, or set mismatched: true to compare them all the same"
        )
