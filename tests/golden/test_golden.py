"""The code gives what it gave when golden.json was recorded; see record.py."""

import pandas as pd
import pytest
from golden.record import (
    TRAINED,
    Golden,
    all_differences,
    compute,
    differences,
    kept,
    table_differences,
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Golden:
    return compute(tmp_path_factory.mktemp("golden"))


def test_a_panel_and_an_evaluation_are_as_recorded(found):
    lines = all_differences(found, kept(), tolerance=1e-5)
    assert [line for line in lines if not line.startswith(TRAINED)] == []


def test_losses_a_sweep_and_a_stitched_factor_are_as_recorded(found):
    ours, recorded = found.numbers["torch"], kept().numbers["torch"]
    if ours != recorded:
        pytest.skip(f"recorded with torch {recorded}: {ours} may draw other initial weights")
    assert all_differences(found, kept(), tolerance=1e-5) == []


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
