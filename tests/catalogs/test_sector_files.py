"""What the archive's lists of sectors tell the downloader."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lightmill.catalogs.sector_files import sector_files

TARGETS = pd.Series(["TIC 25155310", "TIC 261136679", "TIC 25155310"])


def write(path, rows, metadata=None):
    table = pa.Table.from_pandas(pd.DataFrame(rows, columns=["tic", "sector", "url"]), preserve_index=False)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_files_by_target_sorted_and_none_for_who_is_not_listed(tmp_path):
    rows = [(25155310, 2, "https://a/?uri=mast:TESS/product/two_lc.fits"), (25155310, 1, "https://a/one_lc.fits")]
    path = write(tmp_path / "sectors.parquet", [*rows, (7, 1, "https://a/other_lc.fits")], {"lists": "scripts"})
    assert dict(sector_files(path, TARGETS)) == {"TIC 25155310": "one_lc.fits,two_lc.fits", "TIC 261136679": ""}


def test_where_nobody_is_listed_nobody_has_a_file(tmp_path):
    path = write(tmp_path / "sectors.parquet", [(7, 1, "https://a/other_lc.fits")], {"lists": "scripts"})
    assert dict(sector_files(path, TARGETS)) == {"TIC 25155310": "", "TIC 261136679": ""}


def test_of_lists_that_lack_sectors_nobody_is_absent(tmp_path):
    path = write(tmp_path / "sectors.parquet", [(25155310, 1, "https://a/one_lc.fits")], {"lists": "partial"})
    assert dict(sector_files(path, TARGETS)) == {"TIC 25155310": "one_lc.fits", "TIC 261136679": None}


def test_without_lists_nothing_is_known(tmp_path):
    assert sector_files(None, TARGETS) is None
    assert sector_files(write(tmp_path / "sectors.parquet", [], {"lists": "none"}), TARGETS) is None
