"""Quarters, campaigns and sectors as they were: clocks, cadence numbers, names of files, fields of view.

Sources: headers and time stamps of public light-curve files (data releases 25 for Kepler, 5, 18 and 19 for K2);
for TESS the cadence numbers, pointings and momentum dumps of the condensed data release notes (HEASARC).
"""

from dataclasses import dataclass

from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD, Mission

LONG_CADENCE_D = 0.0204336
"""Length of a Kepler and K2 long cadence, days."""
TWO_MINUTES_D = 1.0 / 720.0

# Focal plane of Kepler: module numbers where they stand; four outputs each, channels counted along the modules.
_MODULES = (
    (0, 2, 3, 4, 0),
    (6, 7, 8, 9, 10),
    (11, 12, 13, 14, 15),
    (16, 17, 18, 19, 20),
    (0, 22, 23, 24, 0),
)
MODULES = tuple(module for row in _MODULES for module in row if module)
DEAD_MODULE = 3


@dataclass(frozen=True)
class Segment:
    """One quarter, campaign or sector.

    `start_bjd` is the middle of the first cadence on the spacecraft's clock, before the barycentric correction.
    `observed` are the first and one-past-last rows of the stretches with data; the rows between have no time.
    """

    mission: Mission
    number: int
    stamp: str
    first_cadence: int
    start_bjd: float
    cadences: int
    observed: tuple[tuple[int, int], ...]
    cadence_d: float
    desaturation_cadences: float
    data_release: int
    configuration: str = ""
    season: int = -1
    ra_deg: float = 0.0
    dec_deg: float = 0.0
    target_table: int = 0

    @property
    def stop_bjd(self) -> float:
        """End of the last cadence, spacecraft's clock."""
        return self.start_bjd + self.cadences * self.cadence_d

    @property
    def zero_bjd(self) -> float:
        """Zero point of the mission's clock."""
        return BTJD_ZERO_BJD if self.mission == "TESS" else BKJD_ZERO_BJD


# quarter: stamp of the file names, first cadence, its time (BKJD), cadences, stretches with data
_QUARTERS = {
    1: ("2009166043257", 1105, 131.510994, 1639, ()),
    2: ("2009259160929", 2965, 169.517476, 4354, ((588, 107), (2975, 52))),
    3: ("2009350155506", 7404, 260.222208, 4370, ((1485, 42), (2997, 101))),
    4: ("2010078095331", 11914, 352.377735, 4397, ((1520, 43), (2177, 194))),
    5: ("2010174085026", 16373, 443.491153, 4634, ((1543, 62), (2957, 34))),
    6: ("2010265121752", 21069, 539.447335, 4398, ((1326, 42), (2880, 44))),
    7: ("2010355172524", 25509, 630.172505, 4375, ((1474, 37), (2940, 43))),
    8: ("2011073133259", 30657, 735.364684, 3279, ((1258, 132),)),
    9: ("2011177032512", 34237, 808.516959, 4768, ((1530, 45), (3080, 20))),
    10: ("2011271113734", 39049, 906.843433, 4573, ((1500, 42), (3020, 40))),
    11: ("2012004120508", 43667, 1001.205793, 4754, ((1270, 112), (2890, 82))),
    12: ("2012088054726", 48473, 1099.409659, 4044, ((1200, 48), (2640, 44))),
    13: ("2012179063303", 52551, 1182.737871, 4421, ((1480, 40), (2950, 40))),
    14: ("2012277125453", 57024, 1274.137347, 4757, ((1560, 44), (3120, 44))),
    15: ("2013011073258", 61886, 1373.485501, 4780, ((1530, 44), (3150, 44))),
    16: ("2013098041711", 66712, 1472.098039, 4203, ((1410, 44), (2300, 480))),
    17: ("2013131215648", 70976, 1559.226906, 1556, ()),
}
# Stars on module 3 were lost with it on 9 January 2010: their files of quarter 4 end there and have another stamp.
Q4_STAMP_OF_DEAD_MODULE = "2010009091648"
_Q4_CADENCES_OF_DEAD_MODULE = 1022

# campaign: first cadence, its time (BKJD), cadences, gaps, data release, centre of the field, target table
_CAMPAIGNS = {
    3: (99599, 2144.097780, 3386, ((599, 3), (2614, 4)), 5, 336.67, -11.10, 79),
    12: (136855, 2905.371897, 3862, ((503, 3), (2327, 3), (2337, 257)), 18, 351.66, -5.11, 90),
    13: (140878, 2987.576252, 3944, ((599, 3),), 19, 72.80, 20.79, 91),
}

# sector: stamp, configuration, first and last cadence of each stretch, days between momentum dumps, data release,
# spacecraft pointing
_SECTORS: dict[int, tuple[str, str, tuple[tuple[int, int], ...], float, int, float, float]] = {
    1: ("2018206045859", "0120", ((70444, 79968), (80782, 90519)), 2.5, 42, 352.68, -64.85),
    4: ("2018292075959", "0124", ((132081, 137582), (139505, 141159), (141908, 150764)), 2.5, 42, 55.01, -36.64),
    13: ("2019169103026", "0146", ((307051, 316969), (317638, 327529)), 3.375, 42, 298.67, -76.33),
    15: ("2019226182529", "0151", ((348411, 357409), (358186, 367167)), 4.25, 30, 280.40, 64.07),
}
NORTHERN_SECTORS = (15,)
# TESS counts two-minute cadences without a break: sector 1 began with this one at this time (BTJD).
_FIRST_TESS_CADENCE, _FIRST_TESS_BTJD = 70444, 1325.294339

KEPLER_DESATURATION_CADENCES = 146
K2_DESATURATION_CADENCES = 96
K2_FIRING_CADENCES = 12
"""K2's thrusters fired every 12 long cadences, 5.88 hours, against the roll of the spacecraft."""


def _stretches(cadences: int, gaps: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """What lies between the gaps (first row, rows)."""
    starts = [0, *(first + rows for first, rows in gaps)]
    stops = [*(first for first, _ in gaps), cadences]
    return tuple((start, stop) for start, stop in zip(starts, stops, strict=True) if start < stop)


def quarter(number: int) -> Segment:
    """A Kepler quarter, 1 to 17."""
    stamp, first, time_bkjd, cadences, gaps = _QUARTERS[number]
    return Segment(
        "Kepler",
        number,
        stamp,
        first,
        BKJD_ZERO_BJD + time_bkjd,
        cadences,
        _stretches(cadences, gaps),
        LONG_CADENCE_D,
        KEPLER_DESATURATION_CADENCES,
        25,
        season=(number + 2) % 4,
        ra_deg=290.67,
        dec_deg=44.5,
        target_table=17 + 3 * number,
    )


def fourth_quarter_of_dead_module() -> Segment:
    """Quarter 4 of a star on module 3: cut short when the module failed."""
    whole = quarter(4)
    cadences = _Q4_CADENCES_OF_DEAD_MODULE
    return Segment(
        **{**whole.__dict__, "stamp": Q4_STAMP_OF_DEAD_MODULE, "cadences": cadences, "observed": ((0, cadences),)}
    )


def campaign(number: int) -> Segment:
    """A K2 campaign: 3, 12 or 13."""
    first, time_bkjd, cadences, gaps, release, ra_deg, dec_deg, table = _CAMPAIGNS[number]
    return Segment(
        "K2",
        number,
        "",
        first,
        BKJD_ZERO_BJD + time_bkjd,
        cadences,
        _stretches(cadences, gaps),
        LONG_CADENCE_D,
        K2_DESATURATION_CADENCES,
        release,
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        target_table=table,
    )


def sector(number: int) -> Segment:
    """A TESS sector: 1, 4, 13 or 15."""
    stamp, configuration, stretches, dump_d, release, ra_deg, dec_deg = _SECTORS[number]
    first = stretches[0][0]
    return Segment(
        "TESS",
        number,
        stamp,
        first,
        BTJD_ZERO_BJD + _FIRST_TESS_BTJD + (first - _FIRST_TESS_CADENCE) * TWO_MINUTES_D,
        stretches[-1][1] + 1 - first,
        tuple((start - first, stop + 1 - first) for start, stop in stretches),
        TWO_MINUTES_D,
        dump_d / TWO_MINUTES_D,
        release,
        configuration,
        ra_deg=ra_deg,
        dec_deg=dec_deg,
    )


def module_in_season(module: int, season: int) -> int:
    """The module on which a star of `module` (in season 0) falls after `season` quarter turns of the spacecraft."""
    for _ in range(season % 4):
        row, column = next((r, c) for r in range(5) for c in range(5) if _MODULES[r][c] == module)
        module = _MODULES[4 - column][row]
    return module


def channel(module: int, output: int) -> int:
    """The CCD channel, 1 to 84, of a module's output 1 to 4."""
    return 4 * MODULES.index(module) + output
