"""Remembered answers: reading what they say, and forgetting them so that the archive is asked again."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lightmill.errors import LightCurveError
from lightmill.files import digest
from lightmill.lightcurves.fetching.locks import lock_unless_held
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.lightcurves.outcomes import answer_path, forget_answer
from lightmill.lightcurves.upkeep.contents import list_store

ANSWERS = ("absent", "corrupt")


class Forgotten(NamedTuple):
    """What came of forgetting, by target."""

    forgotten: list[str]
    unknown: list[str]
    """Those of whom nothing was remembered."""
    in_use: list[str]
    """Those on whom a run works: they were left alone."""


def answer_of(path: Path, target_id: str) -> str:
    """The outcome that a remembered answer states; LightCurveError, without the path, if the file is damaged."""
    try:
        found = json.loads(path.read_bytes())
        stated = found.pop("digest")
        whole = stated == digest(found) and {"question", "products"} <= found.keys()
        outcome, target = found["outcome"], found["target_id"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LightCurveError(f"not a remembered answer ({type(error).__name__}: {error})") from None
    if not whole:
        raise LightCurveError("not a remembered answer as it was written: it does not fit its digest")
    if target != target_id:
        raise LightCurveError(f"remembers something of {target}, not of {target_id}")
    if outcome not in ANSWERS:
        raise LightCurveError(f"remembers the outcome {outcome!r}, expected {' or '.join(ANSWERS)}")
    return str(outcome)


def targets_remembered_as(store: str | Path, outcome: str) -> list[str]:
    """The targets that are remembered as `absent` or `corrupt`; what is damaged is passed over (it counts for none)."""
    found = []
    for entry in list_store(store):
        if entry.kind == "answer":
            try:
                if answer_of(entry.path, entry.target_id) == outcome:
                    found.append(entry.target_id)
            except (LightCurveError, OSError):
                continue
    return found


def forget(store: str | Path, targets: Iterable[str]) -> Forgotten:
    """Drop what is remembered of targets, so that the archive is asked again when they are next wanted.

    Raises LightmillError for what is no target id, StoreError if the store cannot be written.
    """
    result = Forgotten([], [], [])
    for target_id in dict.fromkeys(targets):
        path = answer_path(store, target_id)
        if not path.is_file():
            result.unknown.append(target_id)
            continue
        with lock_unless_held(store, target_id) as held, on_disk(path):
            if held:
                forget_answer(store, target_id)
            (result.forgotten if held else result.in_use).append(target_id)
    return result
