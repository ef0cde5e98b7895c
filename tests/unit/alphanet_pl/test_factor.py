import numpy as np
import pandas as pd
import pytest

from alphanet_pl.errors import EvaluationError
from alphanet_pl.factor import read_factor, write_factor


@pytest.fixture
def table(small_panel):
    dates, codes = small_panel.dates[[100, 110]], small_panel.codes[[3, 7]]
    values = np.arange(4, dtype=np.float32)
    return pd.DataFrame({"date": np.repeat(dates, 2), "code": np.tile(codes, 2), "factor": values})


def test_a_factor_lands_on_the_panels_axes_in_any_row_order(small_panel, table, tmp_path):
    write_factor(table.sample(frac=1, random_state=0), tmp_path / "factor.parquet")
    dense = read_factor(tmp_path / "factor.parquet", small_panel)
    np.testing.assert_array_equal(dense[[100, 110]][:, [3, 7]], [[0, 1], [2, 3]])
    assert np.isfinite(dense).sum() == 4


@pytest.mark.parametrize("column", ["date", "code"])
def test_rows_that_the_panel_does_not_know_are_refused(small_panel, table, tmp_path, column):
    table[column] = np.datetime64("1999-01-04") if column == "date" else "SH000000"
    write_factor(table, tmp_path / "factor.parquet")
    with pytest.raises(EvaluationError, match="4 of 4 rows"):
        read_factor(tmp_path / "factor.parquet", small_panel)


def test_a_table_without_a_factor_is_refused(small_panel, table, tmp_path):
    write_factor(table.drop(columns="factor"), tmp_path / "factor.parquet")
    with pytest.raises(EvaluationError, match="columns date, code, factor"):
        read_factor(tmp_path / "factor.parquet", small_panel)


def test_a_file_that_is_no_parquet_is_refused(small_panel, tmp_path):
    (tmp_path / "factor.parquet").write_text("date,code,factor\n")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_factor(tmp_path / "factor.parquet", small_panel)
