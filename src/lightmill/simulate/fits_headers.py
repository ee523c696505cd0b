"""The headers of the missions' light-curve files: keywords, order, formats and comments of the public files.

One line is one card: keyword | value | comment, where {names} stand for what differs from file to file and an empty
value is an undefined one. Sources: files of data releases 25 (Kepler), 5 to 19 (K2) and 42 (TESS).
"""

from lightmill.simulate.fits_blocks import card

PRIMARY_START = """
SIMPLE|T|conforms to FITS standards
BITPIX|8|array data type
NAXIS|0|number of array dimensions
EXTEND|T|file contains extensions
NEXTEND|2|number of standard extensions
EXTNAME|'PRIMARY '|name of extension
EXTVER|1|extension version number (not format version)
"""

KEPLER_PRIMARY = (
    PRIMARY_START
    + """
ORIGIN|'lightmill'|institution responsible for creating this file
DATE|'2026-01-01'|file creation date.
CREATOR|'0 FluxExporter2PipelineModule'|pipeline job and program used to produce
PROCVER|'simulated'|SW version
FILEVER|'6.1     '|file format version
TIMVERSN|'OGIP/93-003'|OGIP memo number for file format
TELESCOP|'Kepler  '|telescope
INSTRUME|'Kepler Photometer'|detector type
OBJECT|{object}|string version of target id
KEPLERID|{number}|unique Kepler target identifier
CHANNEL|{channel}|CCD channel
{place_cards}
DATA_REL|{data_release}|data release version number
OBSMODE|'long cadence'|observing mode
MISSION|{mission}|Mission name
TTABLEID|{target_table}|target table id
RADESYS|'ICRS    '|reference frame of celestial coordinates
RA_OBJ|{ra:.6f}|[deg] right ascension
DEC_OBJ|{dec:.6f}|[deg] declination
EQUINOX|2000.0|equinox of celestial coordinate system
PMRA|{pm_ra_arcsec:.4f}|[arcsec/yr] RA proper motion
PMDEC|{pm_dec_arcsec:.4f}|[arcsec/yr] Dec proper motion
PMTOTAL|{pm_total_arcsec:.4f}|[arcsec/yr] total proper motion
PARALLAX||[arcsec] parallax
GLON||[deg] galactic longitude
GLAT||[deg] galactic latitude
GMAG|{g_mag:.3f}|[mag] SDSS g band magnitude
RMAG|{r_mag:.3f}|[mag] SDSS r band magnitude
IMAG|{i_mag:.3f}|[mag] SDSS i band magnitude
ZMAG||[mag] SDSS z band magnitude
{d51_card}
JMAG|{j_mag:.3f}|[mag] J band magnitude from 2MASS
HMAG|{h_mag:.3f}|[mag] H band magnitude from 2MASS
KMAG|{k_mag:.3f}|[mag] K band magnitude from 2MASS
KEPMAG|{magnitude:.3f}|[mag] Kepler magnitude (Kp)
GRCOLOR||[mag] (g-r) color, SDSS bands
JKCOLOR||[mag] (J-K) color, 2MASS bands
GKCOLOR||[mag] (g-K) color, SDSS g - 2MASS K
TEFF|{teff}|[K] Effective temperature
LOGG|{logg}|[cm/s2] log10 surface gravity
FEH|{feh}|[log10([Fe/H])]  metallicity
EBMINUSV||[mag] E(B-V) reddening
AV||[mag] A_v extinction
RADIUS|{radius}|[solar radii] stellar radius
TMINDEX||unique 2MASS catalog ID
{scp_card}
"""
)

KEPLER_PLACE = """MODULE|{module}|CCD module
OUTPUT|{output}|CCD output
QUARTER|{segment}|Observing quarter
SEASON|{season}|mission season during which data was collected"""
K2_PLACE = """MODULE|{module}|CCD module
OUTPUT|{output}|CCD output
CAMPAIGN|{segment}|Observing campaign number"""
SKYGROUP = "SKYGROUP|{skygroup}|roll-independent location of channel\n"
D51_CARD = "D51MAG||[mag] D51 magnitude,"
SCP_CARD = "SCPID||unique SCP processing ID"

TESS_PRIMARY = (
    PRIMARY_START
    + """
SIMDATA|T|file is based on simulated data
ORIGIN|'lightmill'|institution responsible for creating this file
DATE|'2026-01-01'|file creation date.
TSTART|{tstart:.12f}|observation start time in BTJD
TSTOP|{tstop:.12f}|observation stop time in BTJD
DATE-OBS|'{date_obs}'|TSTART as UTC calendar date
DATE-END|'{date_end}'|TSTOP as UTC calendar date
CREATOR|'0 LightCurveExporterPipelineModule'|pipeline job and program used to produce
PROCVER|'simulated'|SW version
FILEVER|'1.0     '|file format version
TIMVERSN|'OGIP/93-003'|OGIP memo number for file format
TELESCOP|'TESS    '|telescope
INSTRUME|'TESS Photometer'|detector type
DATA_REL|{data_release}|data release version number
OBJECT|{object}|string version of target id
TICID|{number}|unique tess target identifier
SECTOR|{segment}|Observing sector
CAMERA|{camera}|Camera number
CCD|{ccd}|CCD chip number
PXTABLE|128|pixel table id
RADESYS|'ICRS    '|reference frame of celestial coordinates
RA_OBJ|{ra:.16f}|[deg] right ascension
DEC_OBJ|{dec:.16f}|[deg] declination
EQUINOX|2000.0|equinox of celestial coordinate system
PMRA|{pm_ra:.8f}|[mas/yr] RA proper motion
PMDEC|{pm_dec:.8f}|[mas/yr] Dec proper motion
PMTOTAL|{pm_total:.8f}|[mas/yr] total proper motion
TESSMAG|{magnitude:.8f}|[mag] TESS magnitude
TEFF|{teff}|[K] Effective temperature
LOGG|{logg}|[cm/s2] log10 surface gravity
MH|{feh}|[log10([M/H])] metallicity
RADIUS|{radius}|[solar radii] stellar radius
TICVER|'8.1     '|TIC version
CRMITEN|T|spacecraft cosmic ray mitigation enabled
CRBLKSZ|10|[exposures] s/c cosmic ray mitigation block siz
CRSPOC|F|SPOC cosmic ray cleaning enabled
"""
)

TABLE_START = """
XTENSION|'BINTABLE'|marks the beginning of a new HDU
BITPIX|8|array data type
NAXIS|2|number of array dimensions
NAXIS1|{row_bytes}|length of first array dimension
NAXIS2|{rows}|length of second array dimension
PCOUNT|0|group parameter count (not used)
GCOUNT|1|group count (not used)
TFIELDS|20|number of table fields
"""

# name, format, unit, display, comment of each column; TESS names the quality column and a few units differently
COLUMNS: tuple[tuple[str, str, str, str, str], ...] = (
    ("TIME", "f8", "{time_unit}", "D14.7", "data time stamps"),
    ("TIMECORR", "f4", "d", "{correction_display}", "{correction_title}"),
    ("CADENCENO", "i4", "", "I10", "unique cadence number"),
    ("SAP_FLUX", "f4", "e-/s", "E14.7", "aperture photometry flux"),
    ("SAP_FLUX_ERR", "f4", "e-/s", "E14.7", "aperture phot. flux error"),
    ("SAP_BKG", "f4", "e-/s", "E14.7", "aperture phot. background flux"),
    ("SAP_BKG_ERR", "f4", "e-/s", "E14.7", "ap. phot. background flux error"),
    ("PDCSAP_FLUX", "f4", "e-/s", "E14.7", "aperture phot. PDC flux"),
    ("PDCSAP_FLUX_ERR", "f4", "e-/s", "E14.7", "ap. phot. PDC flux error"),
    ("QUALITY", "i4", "", "B16.16", "aperture photometry quality flag"),
    ("PSF_CENTR1", "f8", "pixel", "F10.5", "PSF-fitted column centroid"),
    ("PSF_CENTR1_ERR", "f4", "pixel", "E14.7", "PSF-fitted column error"),
    ("PSF_CENTR2", "f8", "pixel", "F10.5", "PSF-fitted row centroid"),
    ("PSF_CENTR2_ERR", "f4", "pixel", "E14.7", "PSF-fitted row error"),
    ("MOM_CENTR1", "f8", "pixel", "F10.5", "moment-derived column centroid"),
    ("MOM_CENTR1_ERR", "f4", "pixel", "E14.7", "moment-derived column error"),
    ("MOM_CENTR2", "f8", "pixel", "F10.5", "moment-derived row centroid"),
    ("MOM_CENTR2_ERR", "f4", "pixel", "E14.7", "moment-derived row error"),
    ("POS_CORR1", "f4", "pixels", "E14.7", "column position correction"),
    ("POS_CORR2", "f4", "pixels", "E14.7", "row position correction"),
)
COLUMN_TYPES = {name: kind for name, kind, *_ in COLUMNS}
_FORMS = {
    "f8": ("D", "64-bit floating point"),
    "f4": ("E", "32-bit floating point"),
    "i4": ("J", "signed 32-bit integer"),
}

EXTENSION = """
INHERIT|T|inherit the primary header
EXTNAME|{extension}|name of extension
EXTVER|1|extension version number (not format version)
{simulated_card}
TELESCOP|{telescope}|telescope
INSTRUME|{detector}|detector type
OBJECT|{object}|string version of target id
{id_keyword}|{number}|{id_comment}
RADESYS|'ICRS    '|reference frame of celestial coordinates
RA_OBJ|{ra:{sky}}|[deg] right ascension
DEC_OBJ|{dec:{sky}}|[deg] declination
EQUINOX|2000.0|equinox of celestial coordinate system
"""
SIMULATED_CARD = "SIMDATA|T|file is based on simulated data"

KEPLER_TABLE = """
EXPOSURE|{exposure_d:.8f}|[d] time on source
TIMEREF|'SOLARSYSTEM'|barycentric correction applied to times
TASSIGN|'SPACECRAFT'|where time is assigned
TIMESYS|'TDB     '|time system is barycentric JD
BJDREFI|2454833|integer part of BJD reference date
BJDREFF|0.00000000|fraction of the day in BJD reference date
TIMEUNIT|'d       '|time unit for TIME, TSTART and TSTOP
TELAPSE|{elapsed:.8f}|[d] TSTOP - TSTART
LIVETIME|{exposure_d:.8f}|[d] TELAPSE multiplied by DEADC
TSTART|{tstart:.8f}|observation start time in BJD-BJDREF
TSTOP|{tstop:.8f}|observation stop time in BJD-BJDREF
LC_START|{lc_start:.8f}|mid point of first cadence in MJD
LC_END|{lc_end:.8f}|mid point of last cadence in MJD
DEADC|0.92063492|deadtime correction
TIMEPIXR|0.5|bin time beginning=0 middle=0.5 end=1
TIERRELA|5.78E-07|[d] relative time error
TIERABSO||[d] absolute time error
INT_TIME|6.019802903270|[s] photon accumulation time per frame
READTIME|0.518948526144|[s] readout time per frame
FRAMETIM|6.538751429414|[s] frame time (INT_TIME + READTIME)
NUM_FRM|270|number of frames per time stamp
TIMEDEL|0.02043359821692|[d] time resolution of data
DATE-OBS|'{date_obs}Z'|TSTART as UTC calendar date
DATE-END|'{date_end}Z'|TSTOP as UTC calendar date
BACKAPP|T|background is subtracted
DEADAPP|T|deadtime applied
VIGNAPP|T|vignetting or collimator correction applied
GAIN|110.00|[electrons/count] channel gain
READNOIS|85.000000|[electrons] read noise
NREADOUT|270|number of read per cadence
TIMSLICE|3|time-slice readout sequence section
MEANBLCK|725|[count] FSW mean black level
LCFXDOFF|419400|long cadence fixed offset
SCFXDOFF|219400|short cadence fixed offset
CDPP3_0|{cdpp[0]:.6f}|[ppm] RMS CDPP on 3.0-hr time scales
CDPP6_0|{cdpp[1]:.6f}|[ppm] RMS CDPP on 6.0-hr time scales
CDPP12_0|{cdpp[2]:.6f}|[ppm] RMS CDPP on 12.0-hr time scales
CROWDSAP|{crowdsap:.4f}|Ratio of target flux to total flux in op. ap.
FLFRCSAP|{flfrcsap:.4f}|Frac. of target flux w/in the op. aperture
NSPSDDET|0|Number of SPSDs detected
NSPSDCOR|0|Number of SPSDs corrected
PDCVAR|1.0|Target variability
PDCMETHD|'regularMap'|PDC algorithm used for target
NUMBAND|1|Number of scale bands
FITTYPE1|'prior   '|Fit type used for band 1
PR_GOOD1||Prior goodness for band 1
PR_WGHT1||Prior weight for band 1
PDC_TOT||PDC total goodness metric for target
PDC_TOTP||PDC_TOT percentile compared to mod/out
PDC_COR||PDC correlation goodness metric for target
PDC_CORP||PDC_COR percentile compared to mod/out
PDC_VAR||PDC variability goodness metric for target
PDC_VARP||PDC_VAR percentile compared to mod/out
PDC_NOI||PDC noise goodness metric for target
PDC_NOIP||PDC_NOI percentile compared to mod/out
PDC_EPT||PDC earth point goodness metric for target
PDC_EPTP||PDC_EPT percentile compared to mod/out
"""

TESS_TABLE = """
EXPOSURE|{exposure_d:.12f}|[d] time on source
TIMEREF|'SOLARSYSTEM'|barycentric correction applied to times
TASSIGN|'SPACECRAFT'|where time is assigned
TIMESYS|'TDB     '|time system is Barycentric Dynamical Time (TDB)
BJDREFI|2457000|integer part of BTJD reference date
BJDREFF|0.00000000|fraction of the day in BTJD reference date
TIMEUNIT|'d       '|time unit for TIME, TSTART and TSTOP
TELAPSE|{elapsed:.12f}|[d] TSTOP - TSTART
LIVETIME|{exposure_d:.16f}|[d] TELAPSE multiplied by DEADC
TSTART|{tstart:.12f}|observation start time in BTJD
TSTOP|{tstop:.12f}|observation stop time in BTJD
DATE-OBS|'{date_obs}'|TSTART as UTC calendar date
DATE-END|'{date_end}'|TSTOP as UTC calendar date
DEADC|0.7920000000000000|deadtime correction
TIMEPIXR|0.5|bin time beginning=0 middle=0.5 end=1
TIERRELA|1.16E-05|[d] relative time error
INT_TIME|1.980000000000|[s] photon accumulation time per frame
READTIME|0.020000000000|[s] readout time per frame
FRAMETIM|2.000000000000|[s] frame time (INT_TIME + READTIME)
NUM_FRM|60|number of frames per time stamp
TIMEDEL|0.001388888888888889|[d] time resolution of data
BACKAPP|T|background is subtracted
DEADAPP|T|deadtime applied
VIGNAPP|T|vignetting or collimator correction applied
GAINA|5.25|[electrons/count] CCD output A gain
GAINB|5.17|[electrons/count] CCD output B gain
GAINC|5.12|[electrons/count] CCD output C gain
GAIND|5.2|[electrons/count] CCD output D gain
READNOIA|9.0|[electrons] read noise CCD output A
READNOIB|9.0|[electrons] read noise CCD output B
READNOIC|9.0|[electrons] read noise CCD output C
READNOID|9.0|[electrons] read noise CCD output D
NREADOUT|48|number of read per cadence
FXDOFF|209700|compression fixed offset
CDPP0_5|{cdpp[0]:.8f}|RMS CDPP on 0.5-hr time scales
CDPP1_0|{cdpp[1]:.8f}|RMS CDPP on 1.0-hr time scales
CDPP2_0|{cdpp[2]:.8f}|RMS CDPP on 2.0-hr time scales
CROWDSAP|{crowdsap:.8f}|Ratio of target flux to total flux in op. ap.
FLFRCSAP|{flfrcsap:.8f}|Frac. of target flux w/in the op. aperture
NSPSDDET|0|Number of SPSDs detected
NSPSDCOR|0|Number of SPSDs corrected
PDCVAR|1.0|Target variability
PDCMETHD|'msMAP   '|PDC algorithm used for target
NUMBAND|3|Number of scale bands
FITTYPE1|'reducedRobust'|Fit type used for band 1
PR_GOOD1||Prior goodness for band 1
PR_WGHT1||Prior weight for band 1
FITTYPE2|'prior   '|Fit type used for band 2
PR_GOOD2||Prior goodness for band 2
PR_WGHT2||Prior weight for band 2
FITTYPE3|'prior   '|Fit type used for band 3
PR_GOOD3||Prior goodness for band 3
PR_WGHT3||Prior weight for band 3
PDC_TOT||PDC total goodness metric for target
PDC_TOTP||PDC_TOT percentile compared to mod/out
PDC_COR||PDC correlation goodness metric for target
PDC_CORP||PDC_COR percentile compared to mod/out
PDC_VAR||PDC variability goodness metric for target
PDC_VARP||PDC_VAR percentile compared to mod/out
PDC_NOI||PDC noise goodness metric for target
PDC_NOIP||PDC_NOI percentile compared to mod/out
PDC_EPT||PDC earth point goodness metric for target
PDC_EPTP||PDC_EPT percentile compared to mod/out
"""

IMAGE_START = """
XTENSION|'IMAGE   '|marks the beginning of a new HDU
BITPIX|32|array data type
NAXIS|2|number of array dimensions
NAXIS1|{side}|length of first array dimension
NAXIS2|{side}|length of second array dimension
PCOUNT|0|group parameter count (not used)
GCOUNT|1|group count (not used)
"""

APERTURE = """
WCSAXES|2|number of WCS axes
CTYPE1|'RA---TAN'|right ascension coordinate type
CTYPE2|'DEC--TAN'|declination coordinate type
CRPIX1|{centre_px:.1f}|[pixel] reference pixel along image axis 1
CRPIX2|{centre_px:.1f}|[pixel] reference pixel along image axis 2
CRVAL1|{ra:.6f}|[deg] right ascension at reference pixel
CRVAL2|{dec:.6f}|[deg] declination at reference pixel
CUNIT1|'deg     '|physical unit in column dimension
CUNIT2|'deg     '|physical unit in row dimension
CDELT1|-{pixel_deg}|[deg] pixel scale in RA dimension
CDELT2|{pixel_deg}|[deg] pixel scale in Dec dimension
PC1_1|1.0|linear transformation element cos(th)
PC1_2|0.0|linear transformation element -sin(th)
PC2_1|0.0|linear transformation element sin(th)
PC2_2|1.0|linear transformation element cos(th)
WCSNAMEP|'PHYSICAL'|name of world coordinate system alternate P
WCSAXESP|2|number of WCS physical axes
CTYPE1P|'RAWX    '|physical WCS axis 1 type CCD col
CUNIT1P|'PIXEL   '|physical WCS axis 1 unit
CRPIX1P|1|reference CCD column
CRVAL1P|{first_column}|value at reference CCD column
CDELT1P|1.0|physical WCS axis 1 step
CTYPE2P|'RAWY    '|physical WCS axis 2 type CCD row
CUNIT2P|'PIXEL   '|physical WCS axis 2 units
CRPIX2P|1|reference CCD row
CRVAL2P|{first_row}|value at reference CCD row
CDELT2P|1.0|physical WCS axis 2 step
NPIXSAP|{npixsap}|Number of pixels in optimal aperture
NPIXMISS|0|Number of op. aperture pixels not collected
"""


def cards(template: str, values: dict[str, object]) -> list[bytes]:
    """The cards of a template, its {names} replaced from `values`; empty lines are left out."""
    lines = template.format_map(values).split("\n")
    return [card(*line.split("|")) for line in lines if line]


def column_template(tess: bool) -> str:
    """The cards that describe the columns of the table."""
    lines = []
    for place, (name, kind, unit, display, title) in enumerate(COLUMNS, start=1):
        if name == "QUALITY" and not tess:
            name = "SAP_QUALITY"
        form, form_comment = _FORMS[kind]
        lines.append(f"TTYPE{place}|'{name:<8}'|column title: {title}")
        lines.append(f"TFORM{place}|'{form:<8}'|column format: {form_comment}")
        if unit:
            lines.append(f"TUNIT{place}|'{unit:<8}'|column units: {unit}")
        lines.append(f"TDISP{place}|'{display:<8}'|column display format")
    text = "\n".join(lines)
    if tess:
        changes = ("BJD - 2457000, days", "E14.7", "barycentric correction")
    else:
        changes = ("BJD - 2454833", "E13.6", "barycenter - timeslice correction")
    for name, change in zip(("{time_unit}", "{correction_display}", "{correction_title}"), changes, strict=True):
        text = text.replace(name, change)
    return text + "\n"
