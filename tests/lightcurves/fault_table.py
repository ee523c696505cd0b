"""Prints the fault matrix with what is seen: `python tests/lightcurves/fault_table.py`."""

import logging
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def rendered(rows: list[tuple[str, str, str]]) -> str:
    """A table in Markdown: fault, expected, seen."""
    lines = ["| fault | expected | seen |", "|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows])


def main() -> None:
    """Play every fault in a folder of its own."""
    sys.path.insert(0, str(TESTS))
    from lightcurves.fault_rows import FAULTS
    from lightcurves.scenes import play

    logging.disable()
    rows = []
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append((fault.name, f"{fault.outcome}: {fault.expected}", play(fault, Path(folder)).words))
    print(rendered(rows))


if __name__ == "__main__":
    main()
