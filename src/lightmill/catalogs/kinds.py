"""The kinds of archive tables that can be read, and the columns by which they are told apart. Quick to import."""

from dataclasses import dataclass

from lightmill.targets import Mission


@dataclass(frozen=True)
class TableKind:
    """One kind of archive table: how it is called here and there, and the columns without which it cannot be read."""

    name: str
    title: str
    mission: Mission
    required: tuple[str, ...]


# How the deliveries of the Archive's TCE tables call themselves (`tce_delivname`): their columns are the same.
DR24_DELIVERY = "q1_q17_dr24_tce"
DR25_DELIVERY = "q1_q17_dr25_tce"

KINDS: dict[str, TableKind] = {
    kind.name: kind
    for kind in (
        TableKind(
            "koi",
            "Kepler Objects of Interest, cumulative table (NASA Exoplanet Archive)",
            "Kepler",
            ("kepid", "kepoi_name", "koi_disposition", "koi_period", "koi_time0bk", "koi_duration", "koi_depth"),
        ),
        TableKind(
            "k2pandc",
            "K2 Planets and Candidates (NASA Exoplanet Archive)",
            "K2",
            ("pl_name", "hostname", "default_flag", "disposition", "pl_orbper"),
        ),
        TableKind(
            "toi",
            "TESS Objects of Interest (NASA Exoplanet Archive)",
            "TESS",
            ("toi", "tid", "tfopwg_disp", "pl_orbper", "pl_tranmid", "pl_trandurh", "pl_trandep"),
        ),
        TableKind(
            "exofop_toi",
            "TESS Objects of Interest (ExoFOP)",
            "TESS",
            (
                "TIC ID",
                "TOI",
                "TFOPWG Disposition",
                "Epoch (BJD)",
                "Period (days)",
                "Duration (hours)",
                "Depth (ppm)",
            ),
        ),
        TableKind(
            "exominer",
            "ExoMiner vetting catalog of TESS SPOC TCEs",
            "TESS",
            (
                "TCE ID",
                "TIC ID",
                "Sector Run",
                "Planet Number",
                "ExoMiner Score",
                "Orbital Period [day]",
                "Transit Duration [hour]",
                "Transit Epoch [BTJD]",
                "Transit Depth [ppm]",
            ),
        ),
        TableKind(
            "dr24",
            "Kepler DR24 TCEs with the autovetter's training labels (NASA Exoplanet Archive)",
            "Kepler",
            ("kepid", "tce_plnt_num", "tce_period", "tce_time0bk", "tce_duration", "av_training_set"),
        ),
        TableKind(
            "dr25",
            "Kepler DR25 TCEs with ExoMiner's labels",
            "Kepler",
            (
                "target_id",
                "tce_plnt_num",
                "tce_period",
                "tce_time0bk",
                "tce_duration",
                "transit_depth",
                "label",
            ),
        ),
        TableKind(
            "dr25_tce",
            "Kepler DR25 TCEs, without labels (NASA Exoplanet Archive)",
            "Kepler",
            (
                "kepid",
                "tce_plnt_num",
                "tce_delivname",
                "tce_period",
                "tce_time0bk",
                "tce_duration",
                "tce_depth",
            ),
        ),
        TableKind(
            "yu2019",
            "TESS TCEs of sectors 1-5, labelled for triage (Yu et al. 2019)",
            "TESS",
            ("row_id", "tic_id", "Disposition", "Epoc", "Period", "Duration", "Transit_Depth"),
        ),
    )
}
