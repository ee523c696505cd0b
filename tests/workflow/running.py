"""Runs of the whole workflow on configs/tiny.yaml, each in a folder of its own."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "configs" / "tiny.yaml"

# What may differ between two runs: times and dates.
EXEMPT = ("logs", "benchmarks", "provenance.json")


def command(folder, *arguments, config=TINY):
    """The command line of a run in `folder`; of several configurations the later ones go on top."""
    configs = config if isinstance(config, list) else [config]
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--configfile", *configs),
        *("--directory", folder, *arguments),
    ]


def snakemake(folder, *arguments, config=TINY):
    """Run the workflow in `folder`; the finished process, its output in one text."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [str(part) for part in command(folder, *arguments, config=config)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def run_to_the_end(folder, *arguments, config=TINY):
    """Run the workflow and insist that it succeeds."""
    done = snakemake(folder, *arguments, config=config)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def jobs(output):
    """How many jobs of each rule a dry run or a run announces, from Snakemake's table of job counts."""
    lines = output.splitlines()
    if "Job stats:" not in lines:
        return {}
    table = lines[lines.index("Job stats:") + 3 :]
    counts = {}
    for line in table:
        fields = line.split()
        if len(fields) != 2 or not fields[1].isdigit() or fields[0] == "total":
            break
        counts[fields[0]] = int(fields[1])
    return counts


def bytes_of(folder):
    """SHA-256 of every result file in `folder`, by relative path, without what is exempt."""
    results = folder / "results" / "tiny"
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.relative_to(results).parts[0] not in EXEMPT
    }
