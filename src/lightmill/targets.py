"""Targets: stars as one mission knows them, and the shard each belongs to."""

import re
from hashlib import blake2b
from typing import Literal, get_args

from lightmill.errors import LightmillError

Mission = Literal["Kepler", "K2", "TESS"]
MISSIONS: tuple[Mission, ...] = get_args(Mission)

PREFIX: dict[str, str] = {"Kepler": "KIC", "K2": "EPIC", "TESS": "TIC"}
MISSION_OF_PREFIX: dict[str, Mission] = {"KIC": "Kepler", "EPIC": "K2", "TIC": "TESS"}

# Zero points of the missions' own clocks, in BJD_TDB (Kepler Archive Manual 2.3.2; TESS Science Data Products
# Description Document): BKJD = BJD - 2454833, BTJD = BJD - 2457000.
BKJD_ZERO_BJD = 2454833.0
BTJD_ZERO_BJD = 2457000.0

_NUMBER = re.compile(r"[0-9]{1,11}", re.ASCII)
_TARGET = re.compile(r"(KIC|EPIC|TIC) ([1-9][0-9]{0,10})", re.ASCII)


def target_name(mission: Mission, number: str | int) -> str:
    """The target id of a catalog number: `target_name("Kepler", "011442793")` is `"KIC 11442793"`.

    Raises LightmillError if `number` is anything but 1 to 11 ASCII digits (the longest TIC numbers) with a value above
    zero: ids end up in paths and URLs, so nothing else gets through.
    """
    text = str(number).strip()
    if not _NUMBER.fullmatch(text) or int(text) == 0:
        raise LightmillError(f"{PREFIX[mission]} number {text[:40]!r}: expected 1 to 11 digits, above zero")
    return f"{PREFIX[mission]} {int(text)}"


def target_number(target_id: str) -> int:
    """The number in a target id; raises LightmillError unless it reads `KIC n`, `EPIC n` or `TIC n`."""
    match = _TARGET.fullmatch(target_id)
    if match is None:
        raise LightmillError(f"target {target_id[:60]!r}: expected 'KIC n', 'EPIC n' or 'TIC n' with n a number")
    return int(match[2])


def mission_of(target_id: str) -> Mission:
    """The mission that a target id belongs to; raises like `target_number`."""
    target_number(target_id)
    return MISSION_OF_PREFIX[target_id.split(" ")[0]]


def shard_of(target_id: str, shards: int) -> int:
    """The shard of a target: blake2b of its id modulo `shards`, so that a target never moves while the count stays."""
    return int.from_bytes(blake2b(target_id.encode(), digest_size=8).digest(), "big") % shards
