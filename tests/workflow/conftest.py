"""One finished run, shared by the tests of the workflow."""

import pytest
from workflow.running import run_to_the_end


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A folder in which configs/tiny.yaml has run to its end on two cores; tests must not change it."""
    folder = tmp_path_factory.mktemp("finished")
    run_to_the_end(folder, "--cores", "2")
    return folder
