"""What a job leaves in its log, and how it ends."""

import pytest

from lightmill.errors import CatalogError
from lightmill.logs import job_log, progress


def test_an_error_of_ours_ends_the_job_with_its_message(tmp_path):
    with pytest.raises(SystemExit, match="error: table x"), job_log(tmp_path / "log"):
        raise CatalogError("table x")
    text = (tmp_path / "log").read_text()
    assert "table x" in text
    assert "Traceback" not in text


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="file/x: Not a directory"), job_log(tmp_path / "log"):
        (tmp_path / "file" / "x").open("w")


def test_any_other_exception_leaves_its_traceback_and_goes_on(tmp_path):
    with pytest.raises(ZeroDivisionError), job_log(tmp_path / "log"):
        1 / 0  # noqa: B018
    assert "Traceback" in (tmp_path / "log").read_text()


def test_progress_yields_everything_and_ends_with_a_line(tmp_path):
    with job_log(tmp_path / "log"):
        assert list(progress([1, 2, 3], "numbers")) == [1, 2, 3]
    assert "numbers: 3 of 3" in (tmp_path / "log").read_text()
