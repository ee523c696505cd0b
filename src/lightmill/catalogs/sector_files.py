"""Which files the archive's lists of sectors name of each TESS target."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightmill.targets import target_name

# Metadata of a table that was made though the archive has no such lists.
NO_LISTS = (b"lists", b"none")


def sector_files(sectors: str | Path | None, targets: pd.Series) -> Mapping[str, str] | None:
    """File names by target, joined by commas and sorted; '' for targets that no list names.

    `sectors` is the table of lists (columns tic, sector, url), `targets` the ids that matter. None where there are no
    lists: then nothing is known, and folders have to be looked through.
    """
    if sectors is None:
        return None
    table = pq.read_table(sectors, columns=["tic", "url"])
    if (table.schema.metadata or {}).get(NO_LISTS[0]) == NO_LISTS[1]:
        return None
    wanted = sorted({int(target.split(" ")[1]) for target in targets.unique()})
    listed = table.filter(pc.is_in(table["tic"], pa.array(wanted, pa.int64()))).to_pandas()
    files = listed["url"].str.rpartition("/")[2]
    joined = files.groupby(listed["tic"]).agg(lambda names: ",".join(sorted(set(names))))
    return {target_name("TESS", number): joined.get(number, "") for number in wanted}
