"""`python -m benchmarks [NAME ...]`: measure, print a table, write one JSON object per line."""

import argparse
import ast
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.records import HEADER, Record, records_of, table_lines, write_records

# Each is a module here: `compare(folder)` yields its records, the first line of its docstring says what it is about.
NAMES = ("fits", "store", "views", "search", "catalog", "training", "ensemble", "dropout", "bootstrap", "downloads")
RESULTS = Path(__file__).parent / "results.json"

# Read by the numeric libraries when they are loaded, which happens in the processes that measure.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios to peers, measured side by side.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run, of {', '.join(NAMES)}; without: all")
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where to write (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in NAMES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    if chosen.list:
        for name in NAMES:
            print(f"{name:<10} {_subject(name)}")
    else:
        os.environ.update(ONE_THREAD)
        measure(chosen.names or list(NAMES), chosen.output)


def measure(names: list[str], output: Path) -> None:
    """Run benchmarks by name, printing the records of each when it is done; write all to `output`.

    Each runs in a fresh process: what one leaves in memory changes the times of the next.
    """
    records: list[Record] = []
    print(HEADER)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
        for done in fresh.map(records_of, names):
            print(*map(table_lines, done), sep="\n", flush=True)
            records += done
    write_records(output, records)


def _subject(name: str) -> str:
    """The first line of a benchmark's docstring, without loading what it measures."""
    source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
