"""Which files the archive's lists of sectors name of each TESS target."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightmill.targets import target_name

# What a table's metadata say of it under this key: `scripts`; `none` where the archive has no such lists; `partial`
# where lists of chosen sectors were not to be had, so that who is not named may still have files.
_LISTS = b"lists"


def sector_files(sectors: str | Path | None, targets: pd.Series) -> Mapping[str, str | None] | None:
    """File names by target, joined by commas and sorted; '' for targets that no list names, None where lists lack.

    `sectors` is the table of lists (columns tic, sector, url), `targets` the ids that matter. None where there are no
    lists: then nothing is known, and folders have to be looked through.
    """
    if sectors is None:
        return None
    table = pq.read_table(sectors, columns=["tic", "url"])
    lists = (table.schema.metadata or {}).get(_LISTS)
    if lists == b"none":
        return None
    wanted = sorted({int(target.split(" ")[1]) for target in targets.unique()})
    listed = table.filter(pc.is_in(table["tic"], pa.array(wanted, pa.int64()))).to_pandas()
    files = listed["url"].astype("string").str.rsplit("/", n=1).str[-1]
    joined = files.groupby(listed["tic"]).agg(lambda names: ",".join(sorted(set(names))))
    return {target_name("TESS", number): joined.get(number, None if lists == b"partial" else "") for number in wanted}
