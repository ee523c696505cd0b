"""Files that are nearly a list of a user's own."""

import pytest
from catalogs.frames import OWN_HEADER

from lightmill.catalogs.identify import identify_table, newest
from lightmill.errors import CatalogError


def test_a_list_without_an_epoch_or_with_semicolons_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("target_id,period_d,epoch,duration_h,disposition\nTIC 1,2,3,4,planet\n")
    with pytest.raises(
        CatalogError, match=r"list of your own, but lacks the column epoch_bjd \(or epoch_btjd, epoch_bk.*add it"
    ):
        identify_table(path)
    path.write_text("target_id,period,epoch,duration,disposition\n")
    with pytest.raises(CatalogError, match=r"lacks the columns period_d, duration_h, epoch_bjd \(or .*; add them"):
        identify_table(path)
    path.write_text(OWN_HEADER.replace(",", ";") + "\n")
    with pytest.raises(CatalogError, match="save the table as CSV, with commas"):
        identify_table(path)


def test_two_lists_are_refused_unless_they_are_versions_of_one(table):
    first, second = table("own", name="a.csv"), table("own", name="b.csv")
    with pytest.raises(CatalogError, match=r"a.csv: one of 2 lists of your own.*put all rows into one file"):
        newest([first, second])
    versions = [table("own", name=f"mine_2026.0{month}.01.csv") for month in (2, 1)]
    assert newest(versions) == str(versions[0])


ROW = "TIC 25155310,3.28888,2458327.05207,3.2,5890,planet"
LIKE = "like target_id,period_d,epoch_bjd,duration_h,depth_ppm,disposition"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{ROW}\n", f"line 1: looks like a list of your own without a row of column names; put one above .* {LIKE}"),
        ("TIC-1,2,2,planet\n", "looks like a list of your own without a row of column names"),
        (
            f"{OWN_HEADER.upper()}\n{ROW}\n",
            "looks like a list of your own, .* write target_id for TARGET_ID, period_d for",
        ),
        (f"{OWN_HEADER.replace('depth', 'Depth')}\n{ROW}\n", "names in lower case; write depth_ppm for Depth_ppm$"),
        (f"sep=,\n{OWN_HEADER}\n{ROW}\n", f"looks like a list of your own, below a .*mark .'sep=,'.; remove .*{LIKE}"),
        (f'"sep=;"\n{OWN_HEADER.replace(",", ";")}\n', "looks like a list of your own, below .*with commas between"),
        ("sep=,\nkepid,kepoi_name\n", "begins with a spreadsheet's mark .* remove that line: .* are expected first$"),
        (
            OWN_HEADER.replace("duration_h", "duration_hr"),
            "column duration_h; add it, or rename .*: duration_hr to duration_h",
        ),
        (
            OWN_HEADER.replace("epoch_bjd", "epoch"),
            "; add it, or rename what is there in that unit: epoch to epoch_bjd",
        ),
        (OWN_HEADER.replace("duration_h", "hours"), "lacks the column duration_h; add it$"),
        (
            OWN_HEADER.replace(",", ";"),
            "no comma .* but semicolons .* as CSV, with commas between columns and decimal points",
        ),
        (OWN_HEADER.replace(",", "\t"), "no comma in the row of column names, but tabs"),
        ("", "the file is empty; download it, or save your list, again"),
        ("# mine\n", "no row of column names after 2 lines of comments; download it, or save your list, again"),
    ],
)
def test_what_is_nearly_a_list_is_told_what_to_change(tmp_path, content, message):
    path = tmp_path / "mine.csv"
    path.write_text(content)
    with pytest.raises(CatalogError, match=message):
        identify_table(path)


def test_another_encoding_is_saved_not_downloaded(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"{OWN_HEADER}\n{ROW}\n", encoding="utf-16")
    with pytest.raises(CatalogError, match=r"text in UTF-16; expected CSV in UTF-8: download it, or save it, as that"):
        identify_table(path)


def test_column_names_alone_want_rows_not_a_download(listed):
    with pytest.raises(CatalogError, match="column names but no rows below them; add a row for each signal"):
        listed()
