"""SQL over files and databases against the frames that they were written from."""

import hashlib
import re
import sqlite3
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.feather
import pytest
import yaml

from datamodules.base.errors import ConfigError, TableError
from datamodules.canon.columns import COLUMNS, columns_of
from datamodules.settings import DataSettings, TableSettings
from datamodules.sources import check_settings, read_table
from datamodules.tables.load import load_tables

INDEX = pd.DataFrame(
    {
        "date": pd.bdate_range("2021-03-01", periods=3),
        "code": ["SH000905", "SH000905", "SZ399001"],
        "close": [6000.0, 6001.25, 14000.5],
        "名称": ["中证500", "中证500", "深证成指"],
    }
)
QUERY = 'SELECT "date"::DATE AS "date", code, close::DOUBLE AS close FROM bench'


def read(folder, sql=QUERY, table="index", **settings):
    given = {"source": "duckdb", "path": str(folder), "sql": {table: sql}} | settings
    return read_table(table, COLUMNS[table], TableSettings(**given))


def refused(folder, sql=QUERY, **settings):
    with pytest.raises(TableError) as caught:
        read(folder, sql, **settings)
    return str(caught.value)


def assert_index(raw, expected=INDEX):
    """The canonical columns; in the order of the keys, for SQL promises none."""
    frames = [
        frame[["date", "code", "close"]].astype({"date": "datetime64[ns]", "code": "str"})
        for frame in (raw.frame, expected)
    ]
    sorted_frames = [frame.sort_values(["date", "code"], ignore_index=True) for frame in frames]
    pd.testing.assert_frame_equal(*sorted_frames)


def write(path, frame=INDEX, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".feather":
        pyarrow.feather.write_feather(frame.reset_index(drop=True), path)
    else:
        frame.to_csv(path, index=False, encoding=encoding)


@pytest.mark.parametrize("name", ["b.parquet", "b.csv", "b.csv.gz", "b.feather"])
def test_a_file_of_any_kind_stands_for_a_name(tmp_path, name):
    write(tmp_path / name)
    assert_index(read(tmp_path, views={"bench": name}))


@pytest.mark.parametrize("kind", ["parquet", "csv", "feather"])
def test_a_file_a_stock_is_one_table(tmp_path, kind):
    for code, rows in INDEX.groupby("code"):
        write(tmp_path / code[:2] / f"{code}.{kind}", rows)
    assert_index(read(tmp_path, views={"bench": f"**/*.{kind}"}))


@pytest.mark.parametrize("form", [{}, {"sep": ";"}, {"quoting": 1}, {"lineterminator": "\r\n"}])
@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_text_files_of_any_form_and_of_differing_heads_are_one_table(
    tmp_path, form, alike, encoding
):
    for number, (code, rows) in enumerate(INDEX.groupby("code")):
        turned = rows if alike or number else rows[rows.columns[::-1]].assign(more="1")
        turned.to_csv(tmp_path / f"{code}.csv", index=False, encoding=encoding, **form)
    assert_index(read(tmp_path, views={"bench": "*.csv"}))


def test_lines_before_the_head_are_left_out(tmp_path):
    text = "made by a spreadsheet\n\n" + INDEX.to_csv(index=False)
    (tmp_path / "b.csv").write_text(text, encoding="utf-8")
    assert_index(read(tmp_path, views={"bench": "b.csv"}))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_text_of_the_encoding_that_the_user_names_is_read(tmp_path, encoding):
    for code, rows in INDEX.drop(columns="code").groupby(INDEX["code"]):
        write(tmp_path / f"{code}.csv", rows.rename(columns={"close": "收盘"}), encoding)
    sql = """
    SELECT "date"::DATE AS "date", parse_filename(filename, true) AS code, 收盘::DOUBLE AS close
    FROM bench WHERE 名称 IN ('中证500', '深证成指')
    """
    assert_index(read(tmp_path, sql, views={"bench": "*.csv"}, encoding=encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_encoded_files_of_differing_heads_are_one_table(tmp_path, encoding):
    for number, (code, rows) in enumerate(INDEX.groupby("code")):
        more = {"备注": "x"} if number else {}
        write(tmp_path / f"{code}.csv", rows[rows.columns[::-1]].assign(**more), encoding)
    assert_index(read(tmp_path, views={"bench": "*.csv"}, encoding=encoding))
    noted = read(tmp_path, f"{QUERY} WHERE 备注 = 'x'", views={"bench": "*.csv"}, encoding=encoding)
    assert_index(noted, INDEX[2:])


def test_a_code_of_digits_keeps_its_zeros(tmp_path):
    write(tmp_path / "b.csv", INDEX.assign(code="000905"))
    for encoding in ("utf-8", "gb18030"):
        raw = read(tmp_path, views={"bench": "b.csv"}, encoding=encoding)
        assert set(raw.frame["code"]) == {"000905"}


def test_text_of_another_encoding_is_refused(tmp_path):
    write(tmp_path / "b.csv", encoding="gb18030")
    views = {"bench": "b.csv"}
    message = "data.views.bench=b.csv is no text of data.encoding={}"
    for encoding in ("ascii", "no-such"):
        assert message.format(encoding) in refused(tmp_path, views=views, encoding=encoding)
    assert "HINT: " in refused(tmp_path, views=views)


def test_files_named_in_the_query_itself_are_looked_for_in_the_folder(tmp_path):
    write(tmp_path / "b.parquet")
    assert_index(read(tmp_path, "SELECT date, code, close FROM 'b.parquet'"))
    assert_index(read(tmp_path, "SELECT date, code, close FROM read_parquet(['b.parquet']);"))


def test_decimals_and_huge_integers_of_sql_are_numbers(tmp_path):
    write(tmp_path / "b.parquet")
    sql = "SELECT date, code, 1.50 AS close FROM 'b.parquet'"
    assert list(read(tmp_path, sql).frame["close"]) == [1.5] * 3
    summed = "SELECT max(date) date, code, sum(2::BIGINT) AS close FROM 'b.parquet' GROUP BY code"
    assert sorted(read(tmp_path, summed).frame["close"]) == [2, 4]


def test_a_users_database_is_read_and_not_changed(tmp_path):
    path = tmp_path / "o'hara.duckdb"
    with duckdb.connect(str(path)) as con:
        con.register("frame", INDEX)
        con.execute("CREATE TABLE bench AS SELECT * FROM frame")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert_index(read("", database=str(path)))
    message = refused("", "WITH a AS (DELETE FROM bench RETURNING *) FROM a", database=str(path))
    assert "data.sql.index is DELETE in a WITH: one SELECT, which only reads" in message
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_sqlite_is_read_by_pythons_own_module(tmp_path):
    path = tmp_path / "my.db"
    with sqlite3.connect(path) as lite:
        lite.execute("CREATE TABLE bench (date TEXT, code VARCHAR(9), close REAL, n INTEGER)")
        rows = INDEX.assign(date=INDEX["date"].astype(str), n=7)[["date", "code", "close", "n"]]
        lite.executemany("INSERT INTO bench VALUES (?, ?, ?, ?)", rows.to_numpy().tolist())
        lite.execute("CREATE VIEW benches AS SELECT * FROM bench")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert_index(read("", database=str(path)))
    assert_index(read("", QUERY.replace("bench", "benches"), database=str(path)))
    write(tmp_path / "more.csv")  # files beside a database
    both = QUERY + " WHERE n = 7 AND code IN (SELECT code FROM more)"
    assert_index(read(tmp_path, both, database=str(path), views={"more": "more.csv"}))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_fraction_that_sqlite_keeps_in_an_integer_column_stays_one(tmp_path):
    with sqlite3.connect(tmp_path / "my.db") as lite:
        lite.execute("CREATE TABLE bench (date TEXT, code TEXT, close INTEGER, n INTEGER)")
        rows = INDEX.assign(date=INDEX["date"].astype(str), n=20210301)
        rows = rows[["date", "code", "close", "n"]].to_numpy().tolist()
        lite.executemany("INSERT INTO bench VALUES (?, ?, ?, ?)", rows)
    whole = QUERY + " WHERE strptime(n::VARCHAR, '%Y%m%d') = DATE '2021-03-01'"
    assert_index(read("", whole, database=str(tmp_path / "my.db")))


@pytest.mark.parametrize("head", ["date,code,close,close", "date,code,close,filename"])
def test_an_encoded_file_with_a_column_twice_is_refused(tmp_path, head):
    (tmp_path / "b.csv").write_text(f"{head}\n2021-03-01,a,1,2\n", encoding="gb18030")
    message = refused(tmp_path, views={"bench": "b.csv"}, encoding="gb18030")
    assert f"has the column {head.rpartition(',')[2]} twice" in message


def test_encoded_heads_of_another_case_are_one_column(tmp_path):
    for number, (code, rows) in enumerate(INDEX.groupby("code")):
        write(
            tmp_path / f"{code}.csv", rows.rename(columns=str.upper) if number else rows, "gb18030"
        )
    assert_index(read(tmp_path, views={"bench": "*.csv"}, encoding="gb18030"))


def test_columns_of_sqlite_without_a_type_are_what_they_hold(tmp_path):
    with sqlite3.connect(tmp_path / "my.db") as lite:
        lite.execute("CREATE TABLE bench (date, code, close, n, void)")
        rows = INDEX.assign(date=INDEX["date"].astype(str), n=20210301, void=None)
        rows = rows[["date", "code", "close", "n", "void"]].to_numpy().tolist()
        lite.executemany("INSERT INTO bench VALUES (?, ?, ?, ?, ?)", rows)
    whole = QUERY + " WHERE void IS NULL AND strptime(n::VARCHAR, '%Y%m%d') = DATE '2021-03-01'"
    assert_index(read("", whole, database=str(tmp_path / "my.db")))


def test_a_file_that_is_no_database_is_refused_as_one(tmp_path):
    (tmp_path / "my.db").write_text("date,code\n")
    message = refused("", database=str(tmp_path / "my.db"))
    assert "cannot be opened" in message
    assert "HINT: data.database=FILE" in message


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("postgres:dbname=quant", r"needs DuckDB's extension postgres: .*HINT: .*INSTALL postgres"),
        ("mysql:database=quant", r"needs DuckDB's extension mysql: .*HINT: .*INSTALL mysql"),
        ("postgresql://me:word@host/db", r"holds a password.*HINT: .*PGPASSWORD"),
        ("postgres:dbname=quant password=x", "holds a password"),
        ("nowhere.db", r"data.database=nowhere.db cannot be read \(No such file"),
    ],
)
def test_a_database_that_cannot_be_reached_is_refused(database, message):
    """Servers are tested for this alone: their extensions are downloads."""
    with pytest.raises(TableError, match=f"(?s){message}"):
        read("", "SELECT date, code, close FROM bench", database=database)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("COPY (SELECT 1) TO 'out.csv'", "COPY"),
        ("ATTACH 'other.db' AS other", "ATTACH"),
        ("INSTALL postgres", "LOAD"),
        ("CREATE TABLE t AS SELECT 1", "CREATE"),
        ("PRAGMA version", "PRAGMA"),
        ("SET memory_limit = '1TB'", "SET"),
        ("SELECT 1; DROP TABLE t", "SELECT, then DROP"),
        ("-- nothing", "nothing"),
        ("WITH a AS (COPY (SELECT 1) TO 'out.csv') SELECT 1", "COPY in a WITH"),
        ("WITH a AS (INSERT INTO t VALUES (1) RETURNING *) FROM a", "INSERT in a WITH"),
        ("FROM query('SELECT 1')", "query()"),
        ("SELECT * FROM checkpoint()", "checkpoint()"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(tmp_path, sql, what):
    message = refused(tmp_path, sql)
    assert message.startswith(f"data.sql.index is {what}: one SELECT, which only reads\nHINT: ")
    assert not list(tmp_path.iterdir())


def test_a_query_reads_no_variable_of_the_program(tmp_path):
    frame = INDEX  # noqa: F841  DuckDB would find it by its name
    assert "Table with name frame does not exist" in refused(tmp_path, "SELECT * FROM frame")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT date, code,\n  clsoe AS close\nFROM bench",
            "data.sql.index, line 2: Binder Error: Referenced column \"clsoe\" not found in FROM "
            "clause!: DuckDB must understand `clsoe AS close`\nHINT: close is the nearest column",
        ),
        ("SELECT date\nFORM bench x", "data.sql.index, line 2: Parser Error: syntax error"),
        ("SELECT * FROM bnech", "HINT: data.views.bnech=FILES names files so; bench is the near"),
        ("SELECT date, code, code::INT AS close FROM bench", "Could not convert string 'SH000905'"),
        ("SELECT * FROM 'no/*.parquet'", 'No files found that match the pattern "no/*.parquet"'),
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_with_its_line_and_what_is_near(tmp_path, sql, message):
    write(tmp_path / "b.parquet")
    assert message in refused(tmp_path, sql, views={"bench": "b.parquet"})


def test_a_column_that_the_query_does_not_give_is_named_with_the_nearest(tmp_path):
    write(tmp_path / "b.parquet")
    message = refused(tmp_path, "SELECT date, code, close AS clos FROM 'b.parquet'")
    assert "data.sql.index has no column close, needed by the benchmark's return" in message
    assert "data.columns.index.close=clos" in message


def test_files_that_are_not_there_leave_an_optional_table_out_visibly(tmp_path):
    raw = read(tmp_path, views={"bench": "i/*.csv"})
    assert not len(raw.frame.columns)
    assert [note.kind for note in raw.notes] == ["no files"]
    with pytest.raises(TableError, match=r"data.views.bench=i/\*.csv has no files in .*\nHINT: "):
        read(tmp_path, table="quotes", views={"bench": "i/*.csv"})


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "b.xlsx").touch()
    assert "b.xlsx is a file .xlsx: Parquet, CSV" in refused(tmp_path, views={"bench": "b.xlsx"})


def test_memory_is_limited_and_what_is_beyond_it_spills(tmp_path):
    rows = "SELECT '2021-03-01'::DATE AS date, md5(i::VARCHAR) AS code, 1.0 AS close"
    sql = f"SELECT DISTINCT * FROM ({rows} FROM range(400_000) t(i))"
    assert len(read(tmp_path, sql, memory="60MB").frame) == 400_000
    assert not list(tmp_path.iterdir())
    message = refused(tmp_path, sql, memory="5MB")
    assert "Out of Memory" in message
    assert "HINT: data.memory=5MB is too little for it: raise it" in message
    with pytest.raises(ConfigError, match=r"data.memory=much was given: a number with its unit"):
        read(tmp_path, sql, memory="much")


def test_settings_that_name_nothing_are_refused():
    with pytest.raises(ConfigError, match=r"(?s)data.sql names indx: .*index is the near"):
        check_settings(TableSettings(sql={"indx": "SELECT 1"}))
    with pytest.raises(ConfigError, match=r"data.sql names no quotes.*\nHINT: data.sql.quotes="):
        read_table("quotes", (), TableSettings(source="duckdb"))


def test_the_record_holds_query_engine_and_the_digest_of_each_file(tmp_path):
    write(tmp_path / "b.parquet")
    write(tmp_path / "names.csv")
    sql = f"{QUERY} JOIN read_csv('names.csv') USING (code) WHERE code <> 'SZ'"
    kept = read(tmp_path, sql.replace("close:", "bench.close:").replace('"date":', 'bench."date":'),
                views={"bench": "b.parquet"}).provenance  # fmt: skip
    assert kept["engine"] == f"duckdb {duckdb.__version__}"
    assert "read_csv('names.csv')" in kept["sql"]
    assert set(kept["files"]) == {"b.parquet", "names.csv"}
    content = (tmp_path / "b.parquet").read_bytes()
    listed = f"b.parquet {hashlib.sha256(content).hexdigest()}\n"
    assert kept["files"]["b.parquet"] == {
        "files": 1, "bytes": len(content), "sha256": hashlib.sha256(listed.encode()).hexdigest()
    }  # fmt: skip


def test_quotes_by_sql_are_those_of_parquet(small_tables):
    """The whole way, 20,000 rows in several batches: tables and report alike."""
    sql = {name: f"SELECT * FROM '{name}.parquet'" for name in COLUMNS}
    given = DataSettings(source="duckdb", path=str(small_tables), sql=sql)
    by_sql = load_tables(given)
    plain = load_tables(DataSettings(source="parquet", path=str(small_tables)))
    for name in COLUMNS:
        pd.testing.assert_frame_equal(getattr(by_sql, name), getattr(plain, name))
    assert set(by_sql.report.provenance) == set(COLUMNS)


def test_the_guides_query_reads_a_csv_of_other_dates_and_units(tmp_path, raw_quotes):
    guide = (Path(__file__).parents[4] / "docs" / "data.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if "TradeDate" in b)
    lots = (raw_quotes["volume"] / 100).round()
    raw_quotes.assign(
        TradeDate=raw_quotes["date"].dt.strftime("%Y%m%d"), Ticker=raw_quotes["code"], lots=lots,
        amount=lots * 100 * raw_quotes["vwap"] / 1000, factor=raw_quotes["adj_factor"],
        turnover=100 * raw_quotes["turn"],
    ).drop(columns=["date", "code", "vwap", "turn"]).to_csv(tmp_path / "daily.csv")  # fmt: skip
    words = yaml.safe_load(block.replace("tables", str(tmp_path)))
    del words["panel"]
    columns = columns_of("quotes", TableSettings(**words), ["open"])
    quotes = read_table("quotes", columns, TableSettings(**words)).frame
    assert pd.to_datetime(quotes["date"]).tolist() == raw_quotes["date"].tolist()
    np.testing.assert_allclose(quotes["volume"], 100 * lots)
    np.testing.assert_allclose(quotes["turn"], raw_quotes["turn"])
    assert (quotes["traded"] == (lots > 0)).all()
    np.testing.assert_allclose(quotes["vwap"], raw_quotes["vwap"])
