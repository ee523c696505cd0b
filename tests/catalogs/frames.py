"""As-read signal tables, written row by row."""

import numpy as np
import pandas as pd

from lightmill.catalogs.signals import COLUMNS, empty_signals, validate_signals
from lightmill.targets import mission_of

NAN = float("nan")
NUMBERS = (
    "period_d",
    "epoch_bjd",
    "duration_h",
    "depth_ppm",
    "period_err_d",
    "epoch_err_d",
    "ra_deg",
    "dec_deg",
    "magnitude",
    "radius_rearth",
    "snr",
    "score",
)

OWN_HEADER = "target_id,period_d,epoch_bjd,duration_h,depth_ppm,disposition"


def row(table, signal_id, target_id, period_d=3.5, epoch_bjd=2454970.0, duration_h=3.0, disposition="", **others):
    """One signal; whatever is not named is empty, unknown or NaN. Label and source are left to the policy."""
    values = {name: NAN if name in NUMBERS else "" for name in COLUMNS}
    flags = [] if not (np.isnan(epoch_bjd) or np.isnan(duration_h)) else ["waiting_for_search"]
    return values | {
        "signal_id": signal_id,
        "mission": mission_of(target_id),
        "target_id": target_id,
        "star_id": target_id,
        "group_id": target_id,
        "period_d": period_d,
        "epoch_bjd": epoch_bjd,
        "duration_h": duration_h,
        "disposition": disposition,
        "label": "unknown",
        "split": "none",
        "shard": -1,
        "table": table,
        "flags": "; ".join(flags),
        "line": 1,
        **others,
    }


def frame(*rows):
    """A valid as-read signal table of these rows."""
    types = empty_signals().dtypes.to_dict()
    return validate_signals(pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(types))


def tables(*rows):
    """As-read tables by kind."""
    kinds = sorted({one["table"] for one in rows})
    return {kind: frame(*(one for one in rows if one["table"] == kind)) for kind in kinds}


def reason(catalog):
    """The reason for which the one row of a catalog was rejected."""
    assert catalog.signals.empty
    (why,) = catalog.rejected["reason"]
    return why
