"""The light curves of a simulated survey: FITS files in the archives' folder trees, and manifests of them."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from lightmill.config.simulation import CAMPAIGNS, QUARTERS, SECTORS, SimulationSettings
from lightmill.files import atomic_path, write_json
from lightmill.logs import progress
from lightmill.simulate.eclipses import Orbit, Shape
from lightmill.simulate.fits_files import file_name, fits_bytes
from lightmill.simulate.flux import event_shapes
from lightmill.simulate.instrument import observe
from lightmill.simulate.paths import archive_folder
from lightmill.simulate.segments import Segment, campaign, fourth_quarter_of_dead_module, quarter, sector
from lightmill.simulate.survey import Target, draw_target
from lightmill.targets import Mission


def write_light_curves(settings: SimulationSettings, mission: Mission, part: int, manifest: str | Path) -> None:
    """Write the light curves of one part of a mission's targets, then their manifest.

    Part k of n has the targets k, k + n, k + 2n, ... of the list. The manifest lists `files` sorted by path, each with
    its `file` (below the archive's folder), `bytes` and `sha256`. Files that an earlier survey of other settings
    left for the same targets are removed.
    """
    folder = Path(archive_folder(settings))
    written = []
    indices = range(part, settings.targets()[mission], settings.parts)
    for index in progress(indices, f"{mission} light curves"):
        target = draw_target(settings, mission, index)
        files = {name: content for name, content in light_curve_files(settings, target)}
        for name in sorted(_possible_files(target) - files.keys()):
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            with atomic_path(folder / name) as temporary:
                temporary.write_bytes(content)
            written.append({"file": name, "bytes": len(content), "sha256": sha256(content).hexdigest()})
    write_json(manifest, {"files": sorted(written, key=lambda entry: entry["file"])})


def light_curve_files(settings: SimulationSettings, target: Target) -> Iterator[tuple[str, bytes]]:
    """The files of one target, path below the archive's folder and content; none if the archive has none of it."""
    if target.missing:
        return
    events: dict[float, dict[Orbit, list[Shape]]] = {}
    for segment in target.segments:
        if segment.cadence_d not in events:
            events[segment.cadence_d] = event_shapes(target, segment.cadence_d)
        observed = observe(settings.seed, settings.instrument, target, segment, events[segment.cadence_d])
        yield file_name(target, segment), fits_bytes(target, observed, settings.instrument.noise)


def _possible_files(target: Target) -> set[str]:
    """Every file that a target could have in a survey of any settings."""
    segments: list[Segment]
    if target.mission == "Kepler":
        segments = [*map(quarter, QUARTERS), fourth_quarter_of_dead_module()]
    else:
        segments = list(map(campaign, CAMPAIGNS)) if target.mission == "K2" else list(map(sector, SECTORS))
    return {file_name(target, segment) for segment in segments}
