"""The columns of the NASA Exoplanet Archive's tables, in its order: name | label in the header | format of numbers.

From the headers of downloads of 2025. Those of the K2 table are the default columns and, as in downloads of all
columns, the EPIC names and the transit's epoch (BJD), depth (percent) and duration (hours).
"""

KOI = """
kepid|KepID|
kepoi_name|KOI Name|
kepler_name|Kepler Name|
koi_disposition|Exoplanet Archive Disposition|
koi_pdisposition|Disposition Using Kepler Data|
koi_score|Disposition Score|.4f
koi_fpflag_nt|Not Transit-Like False Positive Flag|
koi_fpflag_ss|Stellar Eclipse False Positive Flag|
koi_fpflag_co|Centroid Offset False Positive Flag|
koi_fpflag_ec|Ephemeris Match Indicates Contamination False Positive Flag|
koi_period|Orbital Period [days]|.9f
koi_period_err1|Orbital Period Upper Unc. [days]|.7e
koi_period_err2|Orbital Period Lower Unc. [days]|.7e
koi_time0bk|Transit Epoch [BKJD]|.7f
koi_time0bk_err1|Transit Epoch Upper Unc. [BKJD]|.6e
koi_time0bk_err2|Transit Epoch Lower Unc. [BKJD]|.6e
koi_impact|Impact Parameter|.4f
koi_impact_err1|Impact Parameter Upper Unc.|.4f
koi_impact_err2|Impact Parameter Lower Unc.|.4f
koi_duration|Transit Duration [hrs]|.5f
koi_duration_err1|Transit Duration Upper Unc. [hrs]|.5f
koi_duration_err2|Transit Duration Lower Unc. [hrs]|.5f
koi_depth|Transit Depth [ppm]|.4e
koi_depth_err1|Transit Depth Upper Unc. [ppm]|.3e
koi_depth_err2|Transit Depth Lower Unc. [ppm]|.3e
koi_prad|Planetary Radius [Earth radii]|.2f
koi_prad_err1|Planetary Radius Upper Unc. [Earth radii]|.3e
koi_prad_err2|Planetary Radius Lower Unc. [Earth radii]|.3e
koi_teq|Equilibrium Temperature [K]|.1f
koi_teq_err1|Equilibrium Temperature Upper Unc. [K]|
koi_teq_err2|Equilibrium Temperature Lower Unc. [K]|
koi_insol|Insolation Flux [Earth flux]|.2f
koi_insol_err1|Insolation Flux Upper Unc. [Earth flux]|.2f
koi_insol_err2|Insolation Flux Lower Unc. [Earth flux]|.2f
koi_model_snr|Transit Signal-to-Noise|.2f
koi_tce_plnt_num|TCE Planet Number|
koi_tce_delivname|TCE Delivery|
koi_steff|Stellar Effective Temperature [K]|.2f
koi_steff_err1|Stellar Effective Temperature Upper Unc. [K]|.2f
koi_steff_err2|Stellar Effective Temperature Lower Unc. [K]|.2f
koi_slogg|Stellar Surface Gravity [log10(cm/s**2)]|.3f
koi_slogg_err1|Stellar Surface Gravity Upper Unc. [log10(cm/s**2)]|.3f
koi_slogg_err2|Stellar Surface Gravity Lower Unc. [log10(cm/s**2)]|.3f
koi_srad|Stellar Radius [Solar radii]|.4f
koi_srad_err1|Stellar Radius Upper Unc. [Solar radii]|.4f
koi_srad_err2|Stellar Radius Lower Unc. [Solar radii]|.4f
ra|RA [decimal degrees]|.6f
dec|Dec [decimal degrees]|.6f
koi_kepmag|Kepler-band [mag]|.3f
"""

K2PANDC = """
pl_name|Planet Name|
hostname|Host Name|
pl_letter|Planet Letter|
k2_name|K2 ID|
epic_hostname|EPIC Name|
epic_candname|EPIC ID Candidate Name|
default_flag|Default Parameter Set|
disposition|Archive Disposition|
disp_refname|Archive Disposition Reference|
sy_snum|Number of Stars|
sy_pnum|Number of Planets|
discoverymethod|Discovery Method|
disc_year|Discovery Year|
disc_facility|Discovery Facility|
soltype|Solution Type|
pl_controv_flag|Controversial Flag|
pl_refname|Planetary Parameter Reference|
pl_orbper|Orbital Period [days]|.11f
pl_orbpererr1|Orbital Period Upper Unc. [days]|.11f
pl_orbpererr2|Orbital Period Lower Unc. [days]|.11f
pl_orbperlim|Orbital Period Limit Flag|
pl_orbsmax|Orbit Semi-Major Axis [au]|.10f
pl_orbsmaxerr1|Orbit Semi-Major Axis Upper Unc. [au]|.10f
pl_orbsmaxerr2|Orbit Semi-Major Axis Lower Unc. [au]|.10f
pl_orbsmaxlim|Orbit Semi-Major Axis Limit Flag|
pl_rade|Planet Radius [Earth Radius]|.8f
pl_radeerr1|Planet Radius Upper Unc. [Earth Radius]|.8f
pl_radeerr2|Planet Radius Lower Unc. [Earth Radius]|.8f
pl_radelim|Planet Radius Limit Flag|
pl_radj|Planet Radius [Jupiter Radius]|.8f
pl_radjerr1|Planet Radius Upper Unc. [Jupiter Radius]|.8f
pl_radjerr2|Planet Radius Lower Unc. [Jupiter Radius]|.8f
pl_radjlim|Planet Radius Limit Flag|
pl_bmasse|Planet Mass or Mass*sin(i) [Earth Mass]|.8f
pl_bmasseerr1|Planet Mass or Mass*sin(i) [Earth Mass] Upper Unc.|.8f
pl_bmasseerr2|Planet Mass or Mass*sin(i) [Earth Mass] Lower Unc.|.8f
pl_bmasselim|Planet Mass or Mass*sin(i) [Earth Mass] Limit Flag|
pl_bmassj|Planet Mass or Mass*sin(i) [Jupiter Mass]|.8f
pl_bmassjerr1|Planet Mass or Mass*sin(i) [Jupiter Mass] Upper Unc.|.8f
pl_bmassjerr2|Planet Mass or Mass*sin(i) [Jupiter Mass] Lower Unc.|.8f
pl_bmassjlim|Planet Mass or Mass*sin(i) [Jupiter Mass] Limit Flag|
pl_bmassprov|Planet Mass or Mass*sin(i) Provenance|
pl_orbeccen|Eccentricity|.6f
pl_orbeccenerr1|Eccentricity Upper Unc.|.6f
pl_orbeccenerr2|Eccentricity Lower Unc.|.6f
pl_orbeccenlim|Eccentricity Limit Flag|
pl_insol|Insolation Flux [Earth Flux]|.4f
pl_insolerr1|Insolation Flux Upper Unc. [Earth Flux]|.4f
pl_insolerr2|Insolation Flux Lower Unc. [Earth Flux]|.4f
pl_insollim|Insolation Flux Limit Flag|
pl_eqt|Equilibrium Temperature [K]|.2f
pl_eqterr1|Equilibrium Temperature Upper Unc. [K]|.2f
pl_eqterr2|Equilibrium Temperature Lower Unc. [K]|.2f
pl_eqtlim|Equilibrium Temperature Limit Flag|
pl_tranmid|Transit Midpoint [days]|.7f
pl_tranmiderr1|Transit Midpoint Upper Unc. [days]|.7f
pl_tranmiderr2|Transit Midpoint Lower Unc. [days]|.7f
pl_tranmidlim|Transit Midpoint Limit Flag|
pl_tsystemref|Time Reference Frame and Standard|
ttv_flag|Data show Transit Timing Variations|
pl_trandep|Transit Depth [%]|.6f
pl_trandeperr1|Transit Depth Upper Unc. [%]|.6f
pl_trandeperr2|Transit Depth Lower Unc. [%]|.6f
pl_trandeplim|Transit Depth Limit Flag|
pl_trandur|Transit Duration [hours]|.5f
pl_trandurerr1|Transit Duration Upper Unc. [hours]|.5f
pl_trandurerr2|Transit Duration Lower Unc. [hours]|.5f
pl_trandurlim|Transit Duration Limit Flag|
st_refname|Stellar Parameter Reference|
st_spectype|Spectral Type|
st_teff|Stellar Effective Temperature [K]|.2f
st_tefferr1|Stellar Effective Temperature Upper Unc. [K]|.2f
st_tefferr2|Stellar Effective Temperature Lower Unc. [K]|.2f
st_tefflim|Stellar Effective Temperature Limit Flag|
st_rad|Stellar Radius [Solar Radius]|.6f
st_raderr1|Stellar Radius Upper Unc. [Solar Radius]|.6f
st_raderr2|Stellar Radius Lower Unc. [Solar Radius]|.6f
st_radlim|Stellar Radius Limit Flag|
st_mass|Stellar Mass [Solar mass]|.6f
st_masserr1|Stellar Mass Upper Unc. [Solar mass]|.6f
st_masserr2|Stellar Mass Lower Unc. [Solar mass]|.6f
st_masslim|Stellar Mass Limit Flag|
st_met|Stellar Metallicity [dex]|.4f
st_meterr1|Stellar Metallicity Upper Unc. [dex]|.4f
st_meterr2|Stellar Metallicity Lower Unc. [dex]|.4f
st_metlim|Stellar Metallicity Limit Flag|
st_metratio|Stellar Metallicity Ratio|
st_logg|Stellar Surface Gravity [log10(cm/s**2)]|.6f
st_loggerr1|Stellar Surface Gravity Upper Unc. [log10(cm/s**2)]|.6f
st_loggerr2|Stellar Surface Gravity Lower Unc. [log10(cm/s**2)]|.6f
st_logglim|Stellar Surface Gravity Limit Flag|
sy_refname|System Parameter Reference|
rastr|RA [sexagesimal]|
ra|RA [deg]|.7f
decstr|Dec [sexagesimal]|
dec|Dec [deg]|.7f
sy_dist|Distance [pc]|.8f
sy_disterr1|Distance [pc] Upper Unc|.8f
sy_disterr2|Distance [pc] Lower Unc|.8f
sy_vmag|V (Johnson) Magnitude|.7f
sy_vmagerr1|V (Johnson) Magnitude Upper Unc|.7f
sy_vmagerr2|V (Johnson) Magnitude Lower Unc|.7f
sy_kmag|Ks (2MASS) Magnitude|.7f
sy_kmagerr1|Ks (2MASS) Magnitude Upper Unc|.7f
sy_kmagerr2|Ks (2MASS) Magnitude Lower Unc|.7f
sy_gaiamag|Gaia Magnitude|.7f
sy_gaiamagerr1|Gaia Magnitude Upper Unc|.7f
sy_gaiamagerr2|Gaia Magnitude Lower Unc|.7f
rowupdate|Date of Last Update|
pl_pubdate|Planetary Parameter Reference Publication Date|
releasedate|Release Date|
"""

TOI = """
toi|TESS Object of Interest|
tid|TESS Input Catalog ID|
tfopwg_disp|TFOPWG Dispostion (CP | FP | KP | PC)|
rastr|RA [sexagesimal]|
ra|RA [deg]|.7f
decstr|Dec [sexagesimal]|
dec|Dec [deg]|.7f
st_pmra|PMRA [mas/yr]|.7f
st_pmraerr1|PMRA Upper Unc [mas/yr]|.3f
st_pmraerr2|PMRA Lower Unc [mas/yr]|.3f
st_pmralim|PMRA Limit Flag|
st_pmdec|PMDec [mas/yr]|.7f
st_pmdecerr1|PMDec Upper Unc [mas/yr]|.3f
st_pmdecerr2|PMDec Lower Unc [mas/yr]|.3f
st_pmdeclim|PMDec Limit Flag|
pl_tranmid|Planet Transit Midpoint Value [BJD]|.7f
pl_tranmiderr1|Planet Transit Midpoint Upper Unc [BJD]|.6f
pl_tranmiderr2|Planit Transit Midpoint Lower Unc [BJD]|.6f
pl_tranmidlim|Planet Transit Midpoint Limit Flag|
pl_orbper|Planet Orbital Period Value [days]|.7f
pl_orbpererr1|Planet Orbital Period Upper Unc [days]|.7f
pl_orbpererr2|Planet Orbital Period Lower Unc [days]|.7f
pl_orbperlim|Planet Orbital Period Limit Flag|
pl_trandurh|Planet Transit Duration Value [hours]|.7f
pl_trandurherr1|Planet Transit Duration Upper Unc [hours]|.7f
pl_trandurherr2|Planet Transit Duration Lower Unc [hours]|.7f
pl_trandurhlim|Planet Transit Duration Limit Flag|
pl_trandep|Planet Transit Depth Value [ppm]|.7f
pl_trandeperr1|Planet Transit Depth Upper Unc [ppm]|.7f
pl_trandeperr2|Planet Transit Depth Lower Unc [ppm]|.7f
pl_trandeplim|Planet Transit Depth Limit Flag|
pl_rade|Planet Radius Value [R_Earth]|.7f
pl_radeerr1|Planet Radius Upper Unc [R_Earth]|.7f
pl_radeerr2|Planet Radius Lower Unc [R_Earth]|.7f
pl_radelim|Planet Radius Limit Flag|
pl_insol|Planet Insolation Value [Earth flux]|.7f
pl_insolerr1|Planet Insolation Upper Unc [Earth flux]|
pl_insolerr2|Planet Insolation Lower Unc [Earth flux]|
pl_insollim|Planet Insolation Limit Flag|
pl_eqt|Planet Equilibrium Temperature Value [K]|.7f
pl_eqterr1|Planet Equilibrium Temperature Upper Unc [K]|
pl_eqterr2|Planet Equilibrium Temperature Lower Unc [K]|
pl_eqtlim|Planet Equilibrium Temperature Limit Flag|
st_tmag|TESS Magnitude|.7f
st_tmagerr1|TESS Magnitude Upper Unc|.3f
st_tmagerr2|TESS Magnitude Lower Unc|.3f
st_tmaglim|TESS Magnitude Limit Flag|
st_dist|Stellar Distance [pc]|.7f
st_disterr1|Stellar Distance Upper Unc [pc]|.7f
st_disterr2|Stellar Distance Lower Unc [pc]|.7f
st_distlim|Stellar Distance Limit Flag|
st_teff|Stellar Effective Temperature Value [K]|.7f
st_tefferr1|Stellar Effective Termperature Upper Unc [K]|.7f
st_tefferr2|Stellar Effective Temperature Lower Unc [K]|.7f
st_tefflim|Stellar Effective Temperature Limit Flag|
st_logg|Stellar log(g) Value [cm/s**2]|.7f
st_loggerr1|Stellar log(g) Upper Unc [cm/s**]|.7f
st_loggerr2|Stellar log(g) Lower Unc [cm/s**2]|.7f
st_logglim|Stellar log(g) Limit Flag|
st_rad|Stellar Radius Value [R_Sun]|.7f
st_raderr1|Stellar Radius Upper Unc [R_Sun]|.7f
st_raderr2|Stellar Radius Lower Unc [R_Sun]|.7f
st_radlim|Stellar Radius Limit Flag|
toi_created|TOI Created Date|
rowupdate|Date Modified|
"""
EXOMINER = (
    "TCE ID",
    "TIC ID",
    "Sector Run",
    "Planet Number",
    "ExoMiner Score",
    "ExoMiner Unc. Score",
    "DV mini-report URL",
    "Orbital Period [day]",
    "Transit Duration [hour]",
    "Transit Epoch [BTJD]",
    "Transit Depth [ppm]",
    "Planet Radius [Earth Radii]",
    "MES",
    "Transit Model SNR",
    "Number of transits observed",
    "Gaia RUWE",
)
