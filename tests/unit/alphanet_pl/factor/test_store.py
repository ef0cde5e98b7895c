import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alphanet_pl.factor.store import (
    Source,
    factor_dates,
    holds,
    read_factor,
    read_sources,
    write_factor,
)
from alphanet_pl.fit.folder import Fit
from datamodules.base.errors import EvaluationError


@pytest.fixture
def table(small_panel):
    dates, codes = small_panel.dates[[100, 110]], small_panel.codes[[3, 7]]
    values = np.arange(4, dtype=np.float32)
    return pd.DataFrame({"date": np.repeat(dates, 2), "code": np.tile(codes, 2), "factor": values})


def test_a_factor_lands_on_the_panels_axes_in_any_row_order(small_panel, table, tmp_path):
    write_factor([table.sample(frac=1, random_state=0)], tmp_path / "factor.parquet")
    dense = read_factor(tmp_path / "factor.parquet", small_panel)
    np.testing.assert_array_equal(dense[[100, 110]][:, [3, 7]], [[0, 1], [2, 3]])
    assert np.isfinite(dense).sum() == 4


@pytest.mark.parametrize("column", ["date", "code"])
def test_rows_that_the_panel_does_not_know_are_refused(small_panel, table, tmp_path, column):
    table[column] = np.datetime64("1999-01-04") if column == "date" else "SH000000"
    write_factor([table], tmp_path / "factor.parquet")
    with pytest.raises(EvaluationError, match="4 of 4 rows"):
        read_factor(tmp_path / "factor.parquet", small_panel)


def test_a_table_without_a_factor_is_refused(small_panel, table, tmp_path):
    write_factor([table.drop(columns="factor")], tmp_path / "factor.parquet")
    with pytest.raises(EvaluationError, match="columns date, code, factor"):
        read_factor(tmp_path / "factor.parquet", small_panel)


def test_a_file_that_is_no_parquet_is_refused(small_panel, tmp_path):
    (tmp_path / "factor.parquet").write_text("date,code,factor\n")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_factor(tmp_path / "factor.parquet", small_panel)


@pytest.mark.parametrize("kind", ["strings", "dates", "nanoseconds"])
def test_a_plain_file_reads_the_same(small_panel, table, tmp_path, kind):
    days = table["date"].dt
    forms = {
        "strings": days.strftime("%Y-%m-%d"),
        "dates": days.date,
        "nanoseconds": days.as_unit("ns"),
    }
    plain = table.assign(date=forms[kind])
    plain.to_parquet(tmp_path / "plain.parquet", row_group_size=3)
    write_factor([table], tmp_path / "factor.parquet")
    np.testing.assert_array_equal(
        read_factor(tmp_path / "plain.parquet", small_panel),
        read_factor(tmp_path / "factor.parquet", small_panel),
    )


def test_a_row_without_a_code_is_refused(small_panel, table, tmp_path):
    lost = table.astype({"code": object}).replace({table["code"].iloc[0]: None})
    lost.to_parquet(tmp_path / "f.parquet")
    with pytest.raises(EvaluationError, match=r"\d of 4 rows"):
        read_factor(tmp_path / "f.parquet", small_panel)


def test_blocks_make_one_table_and_the_same_bytes_again(table, tmp_path):
    for name in ("one", "other"):
        write_factor([table[:2], table[2:]], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    back = pd.read_parquet(tmp_path / "one")
    pd.testing.assert_frame_equal(back.astype({"code": str}), table, check_dtype=False)


def test_a_block_that_fails_leaves_the_old_file_and_no_other(table, tmp_path):
    def blocks():
        yield table
        raise RuntimeError("killed")

    write_factor([table], tmp_path / "factor.parquet")
    before = (tmp_path / "factor.parquet").read_bytes()
    with pytest.raises(RuntimeError):
        write_factor(blocks(), tmp_path / "factor.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["factor.parquet"]
    assert (tmp_path / "factor.parquet").read_bytes() == before


def test_the_fits_behind_a_factor_are_noted_in_it(table, tmp_path):
    fit = Fit(tmp_path / "2011-01-31" / "seed3-abc", {"asof": "2011-01-31", "seed": 3})
    path = tmp_path / "factor.parquet"
    first, last = table["date"].to_numpy().astype("datetime64[D]")[[0, -1]]
    period = (first, last + 3)  # the last three days are gaps
    write_factor([table], path, [fit], period)
    assert read_sources(path) == [Source("2011-01-31", 3, "2011-01-31/seed3-abc")]
    assert holds(path, [fit], period)
    assert not holds(path, [fit], (first, last))
    assert not holds(path, [fit], period, "own")
    write_factor([table], path, [fit], period, "own")
    assert holds(path, [fit], period, "own")
    assert not holds(path, [fit], period)
    write_factor([table], path, [fit], period)
    assert not holds(path, [], period)
    assert not holds(tmp_path / "absent.parquet", [fit], period)
    write_factor([table], path, [fit])
    assert not holds(path, [fit], period)


def test_a_factor_without_a_score_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(EvaluationError, match="no stock is scorable"):
        write_factor([], tmp_path / "factor.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("note", ["{", "[1]", "null", '[{"asof": "2011-01-31"}]'])
def test_a_damaged_note_of_the_fits_is_named_and_makes_the_factor_anew(table, tmp_path, note):
    path = tmp_path / "factor.parquet"
    file = pa.Table.from_pandas(table)
    pq.write_table(file.replace_schema_metadata({"alphanet.fits": note}), path)
    with pytest.raises(EvaluationError, match=r"note alphanet\.fits of its fits cannot be read"):
        read_sources(path)
    assert not holds(path, [], tuple(table["date"].to_numpy()[[0, -1]]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"date": lambda t: t["date"].dt.tz_localize("Asia/Shanghai")}, "time zone Asia/Shanghai"),
        ({"date": 20120110}, "column date is of type int64"),
        ({"code": 600000}, "column code is of type int64"),
        ({"factor": "high"}, "column factor is of type"),
        ({"factor": True}, "column factor is of type bool"),
        ({"date": lambda t: [[day] for day in t["date"]]}, "column date is of type list"),
    ],
)
def test_a_column_of_another_type_is_named(small_panel, table, tmp_path, change, says):
    path = tmp_path / "factor.parquet"
    table.assign(**change).to_parquet(path)
    with pytest.raises(EvaluationError, match=says):
        read_factor(path, small_panel)
    if "date" in change:
        with pytest.raises(EvaluationError, match=says):
            factor_dates(path)


def test_an_empty_factor_is_said_to_be_empty(small_panel, table, tmp_path):
    table[:0].to_parquet(tmp_path / "factor.parquet")
    with pytest.raises(EvaluationError, match="has no rows"):
        read_factor(tmp_path / "factor.parquet", small_panel)


def test_a_folder_in_place_of_a_factor_is_said_to_be_one(small_panel, tmp_path):
    with pytest.raises(EvaluationError, match="is a folder") as refused:
        read_factor(tmp_path, small_panel)
    assert refused.value.hint == f"factor={tmp_path / 'factor.parquet'}"
