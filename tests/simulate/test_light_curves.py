from hashlib import sha256
from pathlib import Path

import pytest

from lightmill.config.simulation import SimulationSettings
from lightmill.files import read_json
from lightmill.simulate import archive_folder, simulated_manifests
from lightmill.simulate.light_curves import write_light_curves


def tiny(folder: Path, **changes) -> SimulationSettings:
    values = {"n_kepler": 4, "n_k2": 3, "n_tess": 2, "quarters": [3, 4], "sectors": [1, 4], "missing": 0.0}
    return SimulationSettings(**{"seed": 5, "folder": str(folder), "parts": 2, **values, **changes})


def write_all(settings: SimulationSettings, parts_backwards: bool = False) -> dict[str, bytes]:
    for mission in ("Kepler", "K2", "TESS"):
        manifests = list(enumerate(simulated_manifests(settings, mission)))
        for part, manifest in reversed(manifests) if parts_backwards else manifests:
            write_light_curves(settings, mission, part, manifest)
    root = Path(archive_folder(settings))
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.fits"))}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[SimulationSettings, dict[str, bytes]]:
    settings = tiny(tmp_path_factory.mktemp("survey"))
    return settings, write_all(settings)


def test_bytes_do_not_depend_on_parts_or_their_order(tmp_path, written):
    _, files = written
    assert len(files) >= 4 + 3 + 2
    assert write_all(tiny(tmp_path / "backwards"), parts_backwards=True) == files
    assert write_all(tiny(tmp_path / "three", parts=3)) == files


def test_manifests_list_every_file_once_sorted_with_its_sum(written):
    settings, files = written
    listed = []
    for mission in ("Kepler", "K2", "TESS"):
        for manifest in simulated_manifests(settings, mission):
            entries = read_json(manifest)["files"]
            assert [entry["file"] for entry in entries] == sorted(entry["file"] for entry in entries)
            listed += entries
    assert sorted(entry["file"] for entry in listed) == sorted(files)
    for entry in listed:
        assert entry["sha256"] == sha256(files[entry["file"]]).hexdigest()
        assert entry["bytes"] == len(files[entry["file"]])


def test_what_an_earlier_survey_left_is_removed(tmp_path):
    assert any("2010078095331" in name for name in write_all(tiny(tmp_path)))
    after = write_all(tiny(tmp_path, quarters=[3], sectors=[1]))
    assert not any("2010078095331" in name for name in after)
    assert after == write_all(tiny(tmp_path / "fresh", quarters=[3], sectors=[1]))


def test_files_hold_no_date_of_today(written):
    _, files = written
    for content in files.values():
        assert b"2026-01-01T00:00:00Z" in content
        assert str(Path.cwd()).encode() not in content
