"""Where light curves are said to be."""

import re

import pytest

from lightmill.config import parse_config
from lightmill.config.archives import MAST, Base, K2Archive, KeplerArchive, TessArchive
from lightmill.errors import ConfigError


def parsed(mission="kepler", **archive):
    return parse_config({"run": "x", "archives": {mission: archive}}).archives.by_mission()


def refusal(base_url, **archive):
    with pytest.raises(ConfigError) as error:
        parsed(base_url=base_url, **archive)
    return str(error.value)


def bases(base_url):
    return [(base.url, base.layout, base.remote) for base in parsed(base_url=base_url)["Kepler"].base_url]


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("file:///a", [("file:///a", "archive", False)]),
        (["file:///a", "file://b"], [("file:///a", "archive", False), ("file://b", "archive", False)]),
        ("https://archive.stsci.edu/", [("https://archive.stsci.edu", "archive", True)]),
        ("http://127.0.0.1:8000", [("http://127.0.0.1:8000", "archive", True)]),
        ("http://localhost:8000/a/", [("http://localhost:8000/a", "archive", True)]),
        ("http://[::1]:8000", [("http://[::1]:8000", "archive", True)]),
        ({"url": "https://b.s3.amazonaws.com", "layout": "s3"}, [("https://b.s3.amazonaws.com", "s3", True)]),
        (
            [{"url": "https://b.org", "layout": "s3"}, "https://a.org", {"url": "file://c"}],
            [("https://b.org", "s3", True), ("https://a.org", "archive", True), ("file://c", "archive", False)],
        ),
    ],
)
def test_bases(base_url, expected):
    assert bases(base_url) == expected


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("http://archive.stsci.edu", "archives.kepler.base_url.*expected https://"),
        (["file:///a", "http://archive.stsci.edu"], "expected https://"),
        ("http://127.0.0.1.example.org", "expected https://"),
        ("http://127.0.0.1@example.org", "expected https://"),
        ("https://user:secret@example.org", "a user name or password in a URL ends up in logs"),
        ("ftp://example.org", "expected a URL that starts with https://"),
        ("s3://stpubdata", "expected a URL that starts with https://"),
        ("/archive", "expected a URL that starts with https://"),
        ("https://", "expected a URL that starts with https://"),
        ("https://[::1", "not a URL"),
        ("https://a:port", "not a URL"),
        ("file://", "expected a folder"),
        ([], "expected at least one URL"),
        ({"url": "file:///a", "layout": "s3"}, "layout s3 is a server's"),
        ({"url": "https://a.org", "layout": "s4"}, "'archive' or 's3'"),
        ({"layout": "s3"}, "url"),
        ({"url": "https://a.org", "mirror": True}, "mirror"),
        (7, "base_url"),
    ],
)
def test_what_is_no_base_is_refused_with_what_is_expected(base_url, message):
    assert re.search(message, refusal(base_url), re.DOTALL)


def test_without_a_base_the_bucket_comes_first_and_the_archive_after_it():
    assert parsed()["Kepler"].base_url == MAST
    assert [(base.url, base.layout) for base in MAST] == [
        ("https://stpubdata.s3.amazonaws.com", "s3"),
        ("https://archive.stsci.edu", "archive"),
    ]


def test_what_is_remote():
    assert KeplerArchive().remote
    assert KeplerArchive(base_url=["file://a", "https://b.org"]).remote
    assert not KeplerArchive(base_url="file://a").remote
    assert Base(url="https://a.org").remote


def test_authors_in_their_order():
    assert KeplerArchive().authors == ("Kepler",)
    assert K2Archive().authors == ("K2SFF", "EVEREST", "K2")
    assert TessArchive().authors == ("SPOC",)
    assert parsed("tess", authors=["QLP", "SPOC"])["TESS"].authors == ("QLP", "SPOC")
    for mission, authors in (("kepler", ["K2"]), ("k2", []), ("tess", ["spoc"])):
        with pytest.raises(ConfigError, match=f"archives.{mission}.authors"):
            parsed(mission, authors=authors)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("", None), (" ", None), ("1", {1}), ("1-3", {1, 2, 3}), ("1 - 2, 40", {1, 2, 40}), ("91,92", {91, 92})],
)
def test_chosen_segments(text, chosen):
    assert KeplerArchive(segments=text).chosen_segments == chosen


@pytest.mark.parametrize("text", ["a", "1-", "-1", "1;2", "1..3", "1,,2", "1000", "１", "../1"])
def test_what_is_no_choice_of_segments(text):
    assert "expected numbers and ranges, as in 1-26, 40" in refusal("file:///a", segments=text)


@pytest.mark.parametrize("shards", [0, 257])
def test_shards_are_within_reason(shards):
    assert "archives.kepler.shards" in refusal("file:///a", shards=shards)


@pytest.mark.parametrize("segments", ["5-1", "1-3, 9-8"])
def test_a_range_that_holds_nothing_is_refused(segments):
    with pytest.raises(ConfigError, match="holds nothing; expected the smaller number first"):
        parse_config({"run": "x", "archives": {"kepler": {"segments": segments}}})


def test_authors_that_no_base_can_have_are_refused():
    bucket = {"url": "https://stpubdata.s3.amazonaws.com", "layout": "s3"}
    with pytest.raises(
        ConfigError, match=r"authors K2SFF, EVEREST: no base has them.* name a base with layout archive"
    ):
        parse_config({"run": "x", "archives": {"k2": {"base_url": bucket}}})
    parse_config(
        {"run": "x", "archives": {"k2": {"base_url": bucket, "authors": ["K2"]}, "kepler": {"base_url": bucket}}}
    )
    with pytest.raises(ConfigError, match="authors SPOC, SPOC: one stands there twice"):
        parse_config({"run": "x", "archives": {"tess": {"authors": ["SPOC", "SPOC"]}}})


def test_a_password_in_a_url_is_not_repeated():
    with pytest.raises(ConfigError) as error:
        parse_config({"run": "x", "archives": {"kepler": {"base_url": "https://user:secret@host/"}}})
    assert "secret" not in str(error.value)
