"""What tests share: where the real data are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real catalogs, light curves and views; skips the test, saying so, where it is absent."""
    folder = Path(os.environ.get("LIGHTMILL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "catalogs").is_dir():
        pytest.skip(f"no real data at {folder}: set LIGHTMILL_REAL_DATA to the folder that holds them")
    return folder.resolve()
