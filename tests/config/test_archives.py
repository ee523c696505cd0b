"""Where light curves are said to be."""

import pytest

from lightmill.config import parse_config
from lightmill.errors import ConfigError


def refusal(base_url):
    with pytest.raises(ConfigError) as error:
        parse_config({"run": "x", "archives": {"kepler": {"base_url": base_url}}})
    return str(error.value)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_an_archive_on_the_network_is_refused_with_what_to_do(scheme):
    url = f"{scheme}://archive.stsci.edu"
    for base_url in (url, ["file:///a", url]):
        message = refusal(base_url)
        assert message.startswith(f"archives.kepler.base_url: '{url}': this version reads folders (file://) only; ")
        assert "mirror the archive's tree into a folder" in message
        assert "file:///path/to/folder" in message


def test_other_urls_are_refused_and_folders_are_not():
    assert "'/archive': expected a URL that starts with file://" in refusal("/archive")
    assert "expected at least one URL" in refusal([])
    config = parse_config({"run": "x", "archives": {"kepler": {"base_url": ["file:///a", "file://b"]}}})
    assert config.archives.by_mission()["Kepler"].urls == ["file:///a", "file://b"]
