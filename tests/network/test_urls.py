"""Which URLs may be asked, and where a redirect may lead."""

import pytest

from lightmill.network.urls import check_url, host_of, may_follow


@pytest.mark.parametrize("url", ["https://a.org", "https://a.org:8443/x", "http://127.0.0.1:1", "http://localhost/x"])
def test_what_may_be_asked(url):
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.org",
        "http://127.0.0.1.a.org",
        "http://localhost.a.org",
        "http://127.0.0.1@a.org",
        "http://127.0.0.2",
        "https://user@a.org",
        "ftp://a.org",
        "file:///etc/passwd",
        "https:///x",
        "//a.org",
        "a.org",
        "",
        "https://a:b",
        "https://[x",
    ],
)
def test_what_may_not(url):
    with pytest.raises(ValueError, match=r"expected|not a URL|ends up in logs"):
        check_url(url)


@pytest.mark.parametrize(
    ("source", "target", "may"),
    [
        ("https://a.org/x", "https://a.org/y", True),
        ("https://a.org/x", "https://A.ORG/y", True),
        ("https://a.org/x", "https://b.org/y", True),
        ("https://a.org/x", "https://sub.b.org/y", False),
        ("https://a.org/x", "https://b.org.evil.org/y", False),
        ("https://a.org/x", "https://evil.org/b.org", False),
        ("https://a.org/x", "https://a.org@evil.org/", False),
        ("https://a.org/x", "http://a.org/y", False),
        ("https://a.org/x", "http://127.0.0.1/y", False),
        ("https://a.org/x", "https://localhost/y", False),
        ("https://a.org/x", "file:///etc/passwd", False),
        ("https://a.org/x", "gopher://a.org/", False),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:2/y", True),
        ("http://127.0.0.1:1/x", "http://localhost:2/y", True),
        ("http://127.0.0.1:1/x", "https://b.org/y", True),
        ("http://127.0.0.1:1/x", "https://evil.org/y", False),
    ],
)
def test_where_a_redirect_may_lead(source, target, may):
    assert may_follow(source, target, ["B.org"]) == may


def test_hosts():
    assert host_of("https://A.org:1/x") == "a.org"
    assert host_of("") == ""
