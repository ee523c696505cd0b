import pandas as pd
import pytest

from lightmill.errors import CatalogError
from lightmill.search.targets import read_target_lists


def read(tmp_path, *texts):
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text(text, encoding="utf-8")
    read_target_lists(files, tmp_path / "targets.parquet", tmp_path / "rejected.csv", ["Kepler", "K2", "TESS"])
    targets = pd.read_parquet(tmp_path / "targets.parquet")["target_id"].tolist()
    return targets, pd.read_csv(tmp_path / "rejected.csv")


def test_stars_of_all_lists_each_once_and_sorted(tmp_path):
    targets, rejected = read(
        tmp_path, "name, target_id ,x\nb,TIC 9,1\na,KIC 12,2\n\n", "\ufefftarget_id\nEPIC 5\nKIC 12\n"
    )
    assert targets == ["EPIC 5", "KIC 12", "TIC 9"]
    assert rejected.to_dict("records") == [{"file": "1.csv", "line": 3, "text": "KIC 12", "reason": "named before"}]


def test_rows_that_name_no_star_are_rejected_and_the_others_go_on(tmp_path):
    targets, rejected = read(tmp_path, "a,target_id\n1,KIC 7\n2,HD 209458\n3\n4,TIC -1\n5,TIC 3\n")
    assert targets == ["KIC 7", "TIC 3"]
    assert rejected["line"].tolist() == [3, 4, 5]
    assert rejected["reason"].str.contains("expected 'KIC n', 'EPIC n' or 'TIC n'").all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kepid\n12\n", "0 columns 'target_id' in its first line, which has kepid; expected a CSV file"),
        ("target_id,target_id\nKIC 1,KIC 1\n", "2 columns 'target_id'"),
        ("", "which has nothing"),
    ],
)
def test_a_file_without_the_column_is_refused(tmp_path, text, message):
    with pytest.raises(CatalogError, match=message):
        read(tmp_path, text)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"target_id\n\xff\xfe\n")
    with pytest.raises(CatalogError, match=r"a\.csv: cannot be read as CSV"):
        read_target_lists([tmp_path / "a.csv"], tmp_path / "t.parquet", tmp_path / "r.csv", ["TESS"])
    with pytest.raises(CatalogError, match=r"b\.csv: cannot be read as CSV"):
        read_target_lists([tmp_path / "b.csv"], tmp_path / "t.parquet", tmp_path / "r.csv", ["TESS"])


def test_stars_of_a_mission_without_an_archive_are_rejected(tmp_path):
    (tmp_path / "a.csv").write_text("target_id\nEPIC 5\nTIC 3\n")
    read_target_lists([tmp_path / "a.csv"], tmp_path / "t.parquet", tmp_path / "r.csv", ["TESS"])
    assert pd.read_parquet(tmp_path / "t.parquet")["target_id"].tolist() == ["TIC 3"]
    assert pd.read_csv(tmp_path / "r.csv")["reason"].tolist() == ["K2 is not configured under archives"]
