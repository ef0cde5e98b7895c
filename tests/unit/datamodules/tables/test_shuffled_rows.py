import tempfile
from pathlib import Path

import numpy as np
from helpers.examples import at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from datamodules.base.errors import TableError
from datamodules.settings import TableSettings
from datamodules.tables.load import load_tables


def outcome(frame, folder, most):
    """What loading gives: the table and its report, or the words of the refusal."""
    frame.to_parquet(folder / "quotes.parquet", index=False)
    try:
        tables = load_tables(TableSettings(source="parquet", path=str(folder), max_bad_rows=most))
    except TableError as error:
        return None, str(error)
    return tables.quotes, tables.report.to_dict()


# The fixture is only read: every example copies its frame.
@settings(
    max_examples=at_most(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    faults=st.dictionaries(
        st.integers(0, 17), st.sampled_from(["volume", "vwap", "close", "turn"]), max_size=8
    ),
    most=st.sampled_from([0.0, 0.2]),
    twice=st.booleans(),
)
def test_the_order_of_rows_does_not_change_the_outcome(clean, seed, faults, most, twice):
    from_order = clean["quotes"].copy()
    for row, name in faults.items():
        from_order.loc[row, name] = -1.0
    if twice:
        from_order.loc[3, ["date", "code"]] = from_order.loc[7, ["date", "code"]]
    shuffled = from_order.iloc[np.random.default_rng(seed).permutation(len(from_order))]
    with tempfile.TemporaryDirectory() as folder:
        table, said = outcome(from_order, Path(folder), most)
        other_table, other_said = outcome(shuffled, Path(folder), most)
    assert said == other_said
    if table is not None:
        assert_frame_equal(table, other_table)
