"""The code gives what it gave when golden.json was recorded; see record.py."""

import pandas as pd
import pytest
from golden.record import all_differences, compute, differences, kept, table_differences


def test_everything_is_as_recorded(tmp_path):
    assert all_differences(compute(tmp_path), kept(), tolerance=1e-5) == []


@pytest.mark.parametrize("found", [{"a": [1.0, 2.1]}, {"a": [1.0]}, {}, {"a": [1.0, None]}])
def test_another_number_is_a_difference(found):
    assert differences(found, {"a": [1.0, 2.0]}, 1e-5)


def test_what_was_not_recorded_is_none():
    assert differences({"a": 1.0 + 1e-7, "b": 2}, {"a": 1.0}, 1e-5) == []
    assert differences({"a": 1.0 + 1e-7}, {"a": 1.0}, 0.0) == ["/a: 1.0000001 in place of 1.0"]


def test_a_table_may_gain_columns_and_nothing_else():
    table = pd.DataFrame({"code": ["a", "b"], "x": [1.0, float("nan")]})
    assert table_differences(table.assign(y=1), table, 0.0, "t") == []
    for other in (None, table[:1], table[["x"]], table.assign(code=["a", "c"]), table.fillna(0.0)):
        assert table_differences(other, table, 1e-5, "t")
