"""A light-curve file of a mission, from one observed segment of a simulated target."""

from datetime import datetime, timedelta

import numpy as np

from lightmill.simulate import fits_headers as headers
from lightmill.simulate.fits_blocks import hdu, quoted, rows
from lightmill.simulate.instrument import Observed
from lightmill.simulate.paths import k2_file, kepler_file, tess_file
from lightmill.simulate.photometry import transit_noise
from lightmill.simulate.segments import Segment, channel, module_in_season
from lightmill.simulate.survey import Target
from lightmill.targets import target_number

_MJD_ZERO = 2400000.5
_PIXEL_DEG = {"Kepler": 0.0011057, "K2": 0.0011057, "TESS": 0.005434}
# Bits of the aperture image: collected; and collected, in the optimal aperture, used for the centroid.
_COLLECTED = {"Kepler": (1, 3), "K2": (1, 7), "TESS": (257, 267)}
_UTC_BEHIND_TDB_S = 69.184
_COLUMN_TEMPLATES = {tess: headers.column_template(tess) for tess in (False, True)}


def file_name(target: Target, segment: Segment) -> str:
    """The path of the file below the archive's folder."""
    number = target_number(target.target_id)
    if target.mission == "Kepler":
        return kepler_file(number, segment.stamp)
    if target.mission == "K2":
        return k2_file(number, segment.number)
    return tess_file(number, segment.number, segment.stamp, segment.configuration)


def fits_bytes(target: Target, observed: Observed, noise_factor: float) -> bytes:
    """The whole file: primary header, LIGHTCURVE table, APERTURE image, each with its checksum."""
    tess = target.mission == "TESS"
    values = _values(target, observed, noise_factor)
    primary = headers.TESS_PRIMARY if tess else _kepler_primary(target.mission)
    table = rows(observed.columns, headers.COLUMN_TYPES)
    image = _aperture(target.mission, observed.npixsap)
    values |= {"rows": observed.segment.cadences, "row_bytes": len(table) // observed.segment.cadences}
    values |= {"side": len(image), "centre_px": (len(image) + 1) / 2}
    values |= {
        "first_column": observed.column_px - len(image) // 2,
        "first_row": observed.row_px - len(image) // 2,
    }
    table_template = (
        headers.TABLE_START
        + _COLUMN_TEMPLATES[tess]
        + headers.EXTENSION
        + (headers.TESS_TABLE if tess else headers.KEPLER_TABLE)
    )
    image_template = headers.IMAGE_START + headers.EXTENSION + headers.APERTURE
    return b"".join(
        [
            hdu(headers.cards(primary, values)),
            hdu(headers.cards(table_template, values | {"extension": "'LIGHTCURVE'"}), table),
            hdu(headers.cards(image_template, values | {"extension": "'APERTURE'"}), image.astype(">i4").tobytes()),
        ]
    )


def _kepler_primary(mission: str) -> str:
    """The primary header of Kepler; that of K2 lacks a few cards."""
    kepler = mission == "Kepler"
    place = headers.KEPLER_PLACE.replace("MODULE", headers.SKYGROUP + "MODULE") if kepler else headers.K2_PLACE
    return (
        headers.KEPLER_PRIMARY.replace("{place_cards}", place)
        .replace("{d51_card}", headers.D51_CARD if kepler else "")
        .replace("{scp_card}", headers.SCP_CARD if kepler else "")
    )


def _values(target: Target, observed: Observed, noise_factor: float) -> dict[str, object]:
    """What the names in the templates stand for."""
    star, segment, mission = target.star, observed.segment, target.mission
    tess = mission == "TESS"
    time = observed.columns["TIME"]
    half = segment.cadence_d / 2
    tstart, tstop = float(np.nanmin(time)) - half, float(np.nanmax(time)) + half
    live = float(np.isfinite(time).sum()) * segment.cadence_d * (0.792 if tess else 0.92063492)
    hours = (0.5, 1.0, 2.0) if tess else (3.0, 6.0, 12.0)
    module = module_in_season(target.module, segment.season) if mission == "Kepler" else target.module
    # The EPIC gives no stellar parameters in the headers of its light curves.
    known = mission != "K2"
    digits = 8 if tess else 3
    return {
        "object": quoted(target.target_id),
        "number": target_number(target.target_id),
        "mission": quoted(mission),
        "segment": segment.number,
        "season": segment.season,
        "channel": channel(module, target.output),
        "skygroup": channel(target.module, target.output),
        "module": module,
        "output": target.output,
        "camera": target.camera,
        "ccd": target.ccd,
        "data_release": segment.data_release,
        "target_table": segment.target_table,
        "ra": star.ra_deg,
        "dec": star.dec_deg,
        "sky": ".16f" if tess else ".6f",
        "pm_ra": star.pm_ra_mas_yr,
        "pm_dec": star.pm_dec_mas_yr,
        "pm_total": np.hypot(star.pm_ra_mas_yr, star.pm_dec_mas_yr),
        "pm_ra_arcsec": star.pm_ra_mas_yr / 1000,
        "pm_dec_arcsec": star.pm_dec_mas_yr / 1000,
        "pm_total_arcsec": np.hypot(star.pm_ra_mas_yr, star.pm_dec_mas_yr) / 1000,
        "magnitude": star.magnitude,
        **_colours(star.magnitude, star.teff_k),
        "teff": (f"{star.teff_k:.{digits}f}" if tess else f"{star.teff_k:.0f}") if known else "",
        "logg": f"{star.logg:.{digits}f}" if known else "",
        "feh": f"{star.feh:.{digits}f}" if known else "",
        "radius": f"{star.radius_rsun:.{digits}f}" if known else "",
        "tstart": tstart,
        "tstop": tstop,
        "elapsed": tstop - tstart,
        "exposure_d": live,
        "lc_start": segment.start_bjd - _MJD_ZERO,
        "lc_end": segment.stop_bjd - segment.cadence_d - _MJD_ZERO,
        "date_obs": _calendar(tstart + segment.zero_bjd),
        "date_end": _calendar(tstop + segment.zero_bjd),
        "cdpp": [1e6 * transit_noise(mission, star.magnitude, star.logg, hour, noise_factor) for hour in hours],
        "crowdsap": observed.crowdsap,
        "flfrcsap": observed.flfrcsap,
        "npixsap": observed.npixsap,
        "pixel_deg": _PIXEL_DEG[mission],
        "telescope": quoted("TESS" if tess else "Kepler"),
        "detector": quoted("TESS Photometer" if tess else "Kepler Photometer"),
        "id_keyword": "TICID" if tess else "KEPLERID",
        "id_comment": "unique tess target identifier" if tess else "unique Kepler target identifier",
        "simulated_card": headers.SIMULATED_CARD if tess else "",
    }


def _colours(magnitude: float, teff_k: float) -> dict[str, float]:
    """Magnitudes in other bands, roughly: redder for cooler stars."""
    red = (5772.0 - teff_k) / 1000.0
    offsets = {"g_mag": 0.45 + 0.35 * red, "r_mag": -0.05, "i_mag": -0.2 - 0.1 * red}
    infrared = {"j_mag": -1.2 - 0.5 * red, "h_mag": -1.5 - 0.65 * red, "k_mag": -1.55 - 0.7 * red}
    return {name: magnitude + offset for name, offset in (offsets | infrared).items()}


def _calendar(bjd: float) -> str:
    moment = datetime(2000, 1, 1, 12) + timedelta(days=bjd - 2451545.0, seconds=-_UTC_BEHIND_TDB_S)
    return moment.isoformat(timespec="milliseconds")


def _aperture(mission: str, pixels: int) -> np.ndarray:
    """A stamp of pixels with the optimal aperture about its middle; square, int32."""
    side = int(np.ceil(np.sqrt(pixels))) + 4
    rows_, columns = np.indices((side, side)) - (side - 1) / 2
    distance = (rows_**2 + columns**2).ravel()
    collected, optimal = _COLLECTED[mission]
    image = np.full(side * side, collected, dtype=np.int32)
    image[np.argsort(distance, kind="stable")[:pixels]] = optimal
    return image.reshape(side, side)
