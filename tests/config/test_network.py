"""How servers are asked: settings that never change what is fetched."""

import pytest

from lightmill.config import parse_config
from lightmill.config.network import NetworkSettings
from lightmill.errors import ConfigError


def parsed(**network):
    return parse_config({"run": "x", "network": network}).network


def test_defaults_are_polite():
    settings = parsed()
    assert settings == NetworkSettings()
    assert not settings.offline
    # The archive's own advice: few connections a site, and waits that double.
    assert settings.connections == 4
    assert settings.backoff_s > 0
    assert settings.attempts > 1
    assert settings.deadline_s < 3600
    assert not settings.keep_fits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connections", 0),
        ("connections", 65),
        ("connect_timeout_s", 0),
        ("read_timeout_s", -1),
        ("deadline_s", 0),
        ("slowest_bytes_s", -1),
        ("slow_window_s", 0),
        ("attempts", 0),
        ("backoff_s", -1),
        ("breaker_failures", 0),
        ("offline", "maybe"),
        ("unknown", 1),
        ("portal_url", "http://mast.stsci.edu"),
        ("tap_url", "ftp://a"),
        ("portal_url", "https://user:secret@mast.stsci.edu"),
        ("contact", "a\nb"),
        ("contact", "a" * 201),
    ],
)
def test_what_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"network.{name}"):
        parsed(**{name: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["read_timeout_s", "deadline_s", "backoff_s"])
def test_a_wait_is_a_number_of_seconds(name, value):
    with pytest.raises(ConfigError, match=f"network.{name}"):
        parsed(**{name: value})


def test_services_of_this_machine_and_of_others():
    settings = parsed(portal_url="http://127.0.0.1:8000/", tap_url="https://example.org/TAP/")
    assert (settings.portal_url, settings.tap_url) == ("http://127.0.0.1:8000", "https://example.org/TAP")
