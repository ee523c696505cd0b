"""What is freed stays with the process, for its next arrays."""

import platform
import subprocess
import sys

import pytest

# Pages that a process touches for the first time are faults; those that it has kept are not.
FAULTS = """
import resource
import sys
import numpy as np
from lightmill.memory import keep_freed_memory

if "keep" in sys.argv:
    assert keep_freed_memory() is None
    assert keep_freed_memory() is None
np.ones(8 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(8 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments):
    command = [sys.executable, "-c", FAULTS, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the GNU C library's allocator is what is told")
def test_a_freed_array_of_64_mb_is_used_again_without_asking_the_system():
    kept, given_back = faults("keep"), faults()
    assert kept < 0.5 * given_back
