import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datamodules.base.errors import TableError
from datamodules.canon.columns import COLUMNS
from datamodules.settings import TableSettings
from datamodules.sources.parquet import read_parquet

INDEX = pd.DataFrame(
    {"date": pd.bdate_range("2021-03-01", periods=3), "code": "SH000905", "close": 6000.0}
)


def read(folder, table="index", **settings):
    given = TableSettings(path=str(folder), **settings)
    return read_parquet(table, COLUMNS[table], given)


def test_only_needed_columns_are_read_and_the_others_named(tmp_path):
    INDEX.assign(open=1.0, note="x").to_parquet(tmp_path / "index.parquet")
    raw = read(tmp_path)
    assert list(raw.frame) == ["date", "code", "close"]
    assert raw.unknown == ("open", "note")


def test_an_index_written_by_pandas_does_not_matter(tmp_path):
    INDEX.set_index("date").to_parquet(tmp_path / "index.parquet")
    assert list(read(tmp_path).frame["date"]) == list(INDEX["date"])


def test_a_vendors_names_become_ours(tmp_path):
    INDEX.rename(columns={"code": "ts_code", "close": "px"}).to_parquet(tmp_path / "bench.parquet")
    raw = read(
        tmp_path,
        files={"index": "bench.parquet"},
        columns={"index": {"code": "ts_code", "close": "px"}},
    )
    assert list(raw.frame) == ["date", "code", "close"]
    assert raw.unknown == ()


def test_a_column_may_be_mapped_past_one_of_its_own_name(tmp_path):
    INDEX.assign(settle=5.0).to_parquet(tmp_path / "index.parquet")
    raw = read(tmp_path, columns={"index": {"close": "settle"}})
    assert (raw.frame["close"] == 5.0).all()
    assert raw.unknown == ("close",)


def test_a_map_onto_no_column_is_refused_with_the_nearest(tmp_path):
    INDEX.rename(columns={"close": "Closing"}).to_parquet(tmp_path / "index.parquet")
    with pytest.raises(TableError) as caught:
        read(tmp_path, columns={"index": {"close": "closng"}})
    assert "data.columns.index.close=closng: " in str(caught.value)
    assert "has no column closng: one of date, code, Closing\n" in str(caught.value)
    assert "HINT: data.columns.index.close=Closing is the nearest" in str(caught.value)


def test_a_missing_quotes_file_is_refused_with_what_is_there(tmp_path):
    (tmp_path / "daily.parquet").touch()
    with pytest.raises(TableError, match=r"quotes.parquet does not exist.*holds daily.parquet\nHI"):
        read(tmp_path, "quotes")


def test_a_missing_optional_file_is_no_table(tmp_path):
    assert read(tmp_path) is None


def test_an_optional_file_that_is_named_must_exist(tmp_path):
    with pytest.raises(
        TableError, match=r"(?s)bench.parquet does not exist: .*data.files.index=FILE"
    ):
        read(tmp_path, files={"index": "bench.parquet"})


@pytest.mark.parametrize("path", ["", "no/such/folder"])
def test_no_folder_is_refused(path):
    with pytest.raises(TableError, match=r"is no folder: .*\nHINT: data.path=FOLDER"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"date,code,close\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content):
    (tmp_path / "index.parquet").write_bytes(content)
    with pytest.raises(TableError, match=r"index.parquet cannot be read as Parquet .*\nHINT: wri"):
        read(tmp_path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "index.parquet"
    INDEX.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read(tmp_path)


def test_a_file_with_damaged_pages_is_refused(tmp_path):
    path = tmp_path / "index.parquet"
    INDEX.to_parquet(path, compression="gzip")
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read(tmp_path)


def test_a_wrong_type_is_refused_before_rows_are_read(tmp_path, monkeypatch):
    INDEX.assign(close="x").to_parquet(tmp_path / "index.parquet")
    monkeypatch.setattr("datamodules.sources.parquet._column", pytest.fail)
    with pytest.raises(TableError, match="column close is of type"):
        read(tmp_path)


def test_one_column_for_two_of_ours_is_refused(tmp_path):
    INDEX.to_parquet(tmp_path / "index.parquet")
    with pytest.raises(TableError) as caught:
        read(tmp_path, columns={"index": {"code": "date"}})
    assert caught.value.given == "data.columns.index reads date and code from one column, date"
    assert caught.value.hint == "data.columns.index.code=NAME"


def test_turn_for_free_turn_by_the_map_is_led_to_the_fallback(tmp_path):
    frame = pd.DataFrame({"turn": [1.0], "date": INDEX["date"][:1], "code": "SH600000"})
    frame.to_parquet(tmp_path / "quotes.parquet")
    with pytest.raises(TableError, match=r"HINT: data.free_turn=turn uses turn in the place of"):
        read(tmp_path, "quotes", columns={"quotes": {"free_turn": "turn"}})


def test_two_columns_of_a_name_are_refused(tmp_path):
    table = pa.table(
        [INDEX["date"], ["SH000905"] * 3, [1.0] * 3, [2.0] * 3],
        names=["date", "code", "close", "close"],
    )
    pq.write_table(table, tmp_path / "index.parquet")
    with pytest.raises(TableError, match=r"has 2 columns close: each name once\nHINT: drop or"):
        read(tmp_path)


def test_an_empty_folder_is_refused_as_one(tmp_path):
    (tmp_path / "quotes.parquet" / "2021").mkdir(parents=True)
    with pytest.raises(TableError, match=r"quotes.parquet is an empty folder: .*\nHINT: data.path"):
        read(tmp_path, "quotes")


@pytest.mark.parametrize("target", ["gone.parquet", "index.parquet"])
def test_a_link_that_leads_nowhere_is_refused(tmp_path, target):
    (tmp_path / "index.parquet").symlink_to(tmp_path / target)
    with pytest.raises(TableError, match=rf"is a link to .*{target}, which leads to no file"):
        read(tmp_path)
