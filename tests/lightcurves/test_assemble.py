"""One file of each segment, joined and taken apart again without the loss of a bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lightmill.errors import LightCurveError
from lightmill.lightcurves.assemble import join_segments, one_per_segment, split_segments
from lightmill.lightcurves.lightcurve import COLUMNS, STAR, Segment
from lightmill.lightcurves.reader import SegmentRows

NAN = float("nan")
NOTHING_KNOWN = (NAN,) * len(STAR)


def segment(number=1, author="SPOC", data_release=1, file="", star=NOTHING_KNOWN):
    return Segment(
        number=number,
        author=author,
        cadence_s=120.0,
        exposure_s=95.0,
        crowdsap=0.9,
        flfrcsap=NAN,
        channel=-1,
        camera=1,
        ccd=2,
        data_release=data_release,
        rows_without_time=0,
        file=file or f"{author}-{number}-{data_release}.fits",
        sha256="0" * 64,
        size_bytes=2880,
        date="2020-01-01",
        star=star,
    )


def bare(**changes):
    return SegmentRows(segment(**changes), {})


def authors(parts):
    return [(part.segment.number, part.segment.author, part.segment.data_release) for part in parts]


def test_the_first_of_the_priority_wins_then_the_release_then_the_name():
    old, new = bare(data_release=1), bare(data_release=2)
    same = bare(data_release=2, file="z.fits")
    fast = bare(author="SPOC-20s", data_release=9)
    qlp = bare(author="QLP", data_release=-1)
    later = bare(number=2, author="QLP")
    for parts in ([old, new, same, fast, qlp, later], [later, qlp, fast, same, new, old]):
        kept, left_out = one_per_segment(parts, ["QLP", "SPOC"])
        assert kept == [qlp, later]
        assert len(left_out) == 4
        assert one_per_segment(parts, ["SPOC", "QLP"])[0] == [same, later]
        # Without a priority the latest release, as within one author.
        assert authors(one_per_segment(parts)[0]) == [(1, "SPOC-20s", 9), (2, "QLP", 1)]
        # Who is not in it comes last.
        assert authors(one_per_segment(parts, ["QLP", "QLP"])[0])[0] == (1, "QLP", -1)
        assert authors(one_per_segment(parts, ["TESS-SPOC"])[0])[0] == (1, "SPOC-20s", 9)
    assert one_per_segment([old, new])[1] == [old]


@st.composite
def parts_of_a_star(draw):
    """Segments in any order, which may lie within each other; every bit pattern of floats, NaN's among them."""
    numbers = draw(st.lists(st.integers(0, 120), unique=True, min_size=1, max_size=5))
    times = np.unique(draw(hnp.arrays(np.uint16, st.integers(len(numbers), 40), unique=True)))
    owners = draw(hnp.arrays(np.int64, len(times), elements=st.integers(0, len(numbers) - 1)))
    parts = []
    for place, number in enumerate(numbers):
        mine = times[owners == place]
        columns = {
            name: draw(hnp.arrays(np.uint32, len(mine))).view(kind)
            for name, kind in COLUMNS.items()
            if name not in ("time_bjd", "segment")
        }
        columns["time_bjd"] = 2455000 + mine / 7
        star = tuple(draw(st.lists(st.sampled_from([NAN, 0.0, -1.5, 7.25]), min_size=len(STAR), max_size=len(STAR))))
        parts.append(SegmentRows(segment(number, star=star), columns))
    # One measured flux at least, or they make no light curve.
    next(part for part in parts if len(part.columns["time_bjd"])).columns["pdcsap_flux"][0] = 1.0
    return parts


def same(one, other):
    """Whether two light curves are the same to the last bit."""
    assert repr(one.segments) == repr(other.segments)
    assert repr([getattr(one, key) for key in STAR]) == repr([getattr(other, key) for key in STAR])
    for name, kind in COLUMNS.items():
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype == kind
        assert mine.tobytes() == theirs.tobytes(), name
    return one.target_id == other.target_id


@settings(max_examples=150, deadline=None)
@given(parts_of_a_star(), st.data())
def test_what_was_joined_and_split_is_joined_with_more_as_if_from_the_files(parts, data):
    whole = join_segments("TIC 1", parts)
    assert same(join_segments("TIC 1", split_segments(whole)), whole)
    for part, again in zip(parts, split_segments(whole), strict=True):
        assert repr(part.segment) == repr(again.segment)
        assert {name: column.tobytes() for name, column in part.columns.items()} == {
            name: column.tobytes() for name, column in again.columns.items()
        }
    stored = data.draw(st.integers(1, len(parts)))
    first, more = parts[:stored], parts[stored:]
    try:
        before = join_segments("TIC 1", first)
    except LightCurveError:
        # Nothing measured in these: they were never stored.
        return
    assert same(join_segments("TIC 1", split_segments(before) + more), whole)
    kept, _ = one_per_segment(split_segments(before) + more)
    assert same(join_segments("TIC 1", kept), join_segments("TIC 1", one_per_segment(parts)[0]))


def test_the_star_is_the_newest_segments_that_knows_it():
    columns = {name: np.ones(1, kind) for name, kind in COLUMNS.items() if name != "segment"}
    parts = [
        SegmentRows(segment(number, star=star), {**columns, "time_bjd": np.array([2455000.0 + number])})
        for number, star in ((3, NOTHING_KNOWN), (2, (1.0,) * 7 + (NAN,)), (1, (2.0,) * 8))
    ]
    joined = join_segments("TIC 1", parts)
    assert [getattr(joined, key) for key in STAR] == [1.0] * 7 + [2.0]


def test_a_time_twice_is_refused():
    columns = {name: np.ones(1, kind) for name, kind in COLUMNS.items() if name != "segment"}
    parts = [SegmentRows(segment(number), columns) for number in (1, 2)]
    with pytest.raises(LightCurveError, match=r"SPOC-1-1\.fits and SPOC-2-1\.fits: both have a cadence at BJD 1\.0"):
        join_segments("TIC 1", parts)
