"""What kind of thing a disposition stands for, across catalogs.

Two label maps ask the same question only if they put every kind of thing on the same side.
"""

from collections.abc import Iterable, Mapping

PLANET = "planet"
ECLIPSING = "eclipsing binary"
NOT_A_TRANSIT = "not a transit"

# Dispositions that mix kinds (FALSE POSITIVE and REFUTED of KOI and K2, FP and APC of TOI, O of Yu et al.) have none.
KIND_OF: dict[str, str] = {
    # KOI cumulative, K2 planets and candidates
    "CONFIRMED": PLANET,
    "CANDIDATE": PLANET,
    # TOI (TFOPWG)
    "KP": PLANET,
    "CP": PLANET,
    "PC": PLANET,  # and in the Kepler DR24 training set, and in Yu et al. (2019)
    "FA": NOT_A_TRANSIT,
    # Kepler DR24 and DR25 TCEs
    "AFP": ECLIPSING,
    "NTP": NOT_A_TRANSIT,
    # Yu et al. (2019): eclipsing binary; junk, instrumental systematics, stellar variability
    "EB": ECLIPSING,
    "J": NOT_A_TRANSIT,
    "IS": NOT_A_TRANSIT,
    "V": NOT_A_TRANSIT,
}


def disagreements(source: Mapping[str, Iterable[int]], target: Mapping[str, Iterable[int]]) -> list[str]:
    """One line for each pair of dispositions of one kind that the two label maps put on different sides.

    A disposition is compared with itself and with others of its kind; what only one side has is not compared.
    """
    side = {1: "positive", 0: "negative"}
    return [
        f"{there} ({kind}) is {side[t]} in the target, but {here} is {side[s]} in the source"
        for there in sorted(target)
        for here in sorted(source)
        if (kind := KIND_OF.get(there, there)) == KIND_OF.get(here, here)
        for t in sorted(target[there])
        for s in sorted(source[here])
        if s != t
    ]
