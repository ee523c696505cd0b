"""A program as lightkurve's users write it: search and download one star after the other, whatever becomes of each.

    python lightkurve_loop.py RESULTS FOLDER STAR_TO_WARM_UP_WITH STAR ...

Says "ready" when all is loaded and one star has been downloaded, begins when it reads a line, and writes to RESULTS its
CPU time and what became of each star: nothing, or the name of the error. Which archive is asked is in astroquery's own
configuration.
"""

import json
import sys
import time
from pathlib import Path

import lightkurve

KEPLER_CADENCE_S = 1800


def download(number: str, folder: Path) -> str:
    """Download a Kepler star; the name of the error if there was one."""
    try:
        found = lightkurve.search_lightcurve(f"KIC {number}", author="Kepler", exptime=KEPLER_CADENCE_S)
        found.download_all(download_dir=str(folder))
    except Exception as error:
        return type(error).__name__
    return ""


def main() -> None:
    results, folder, warm_up, *numbers = sys.argv[1:]
    failure = download(warm_up, Path(results).with_suffix(".warm-up"))
    print(failure or "ready", flush=True)
    sys.stdin.readline()
    start = time.process_time()
    errors = {number: download(number, Path(folder)) for number in numbers}
    told = {"cpu_s": time.process_time() - start, "errors": errors}
    Path(results).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
