import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.canon.report import DataReport
from datamodules.prepare.benchmark import check_benchmark
from datamodules.prepare.grid import to_grid
from datamodules.settings import IndexSettings

BIG = [True, True, False, False]


@pytest.fixture
def market():
    """Grid, returns and the closes of an index of the first two stocks and of the last two."""
    days, rng = pd.bdate_range("2015-01-05", periods=100), np.random.default_rng(1)
    returns = rng.normal(0, 0.02, (100, 4))
    quotes = pd.DataFrame(
        {
            "date": days.repeat(4), "code": [f"SH60000{k}" for k in range(4)] * 100,
            "traded": True,
        }
    )  # fmt: skip
    closes = [
        pd.DataFrame(
            {"date": days, "code": code, "close": (1 + returns[:, part].mean(1)).cumprod()}
        )
        for code, part in (("SH000300", BIG), ("SH000905", np.invert(BIG)))
    ]
    return to_grid(quotes), returns, pd.concat(closes)


def check(market, code, accept=(), index=None):
    grid, returns, closes = market
    weight = np.where(BIG, 0.5, 0.0) * np.ones((100, 1))
    report = DataReport("here", accept=accept)
    closes = closes if index is None else index
    check_benchmark(grid, closes, weight, returns, IndexSettings("csi300", code), report)
    return report


def test_closes_of_the_members_own_index_pass(market):
    assert check(market, "SH000300").notes == []


def test_closes_of_another_index_are_refused(market):
    with pytest.raises(TableError) as caught:
        check(market, "SH000905")
    assert "members csi300 end" in caught.value.given
    assert "evaluation.index.code=SH000300" in caught.value.hint
    (note,) = check(market, "SH000905", accept=("benchmark",)).notes
    assert (note.kind, note.cost) == ("benchmark", "wrong")


def test_an_index_with_none_to_compare_with_passes(market):
    assert check(market, "SH000905", index=market[2].query("code == 'SH000905'")).notes == []


def test_an_index_without_closes_in_the_panels_time_passes(market):
    short = market[2].query("code == 'SH000300' or date < '2015-02-01'")
    assert check(market, "SH000905", index=short).notes == []


def test_a_market_of_one_session_passes(market):
    _, returns, closes = market
    day = closes["date"].min()
    quotes = pd.DataFrame({"date": day, "code": [f"SH60000{k}" for k in range(4)], "traded": True})
    one = to_grid(quotes), returns[:1], closes[closes["date"] == day]
    report = DataReport("here")
    check_benchmark(one[0], one[2], np.full((1, 4), 0.25), one[1], IndexSettings(), report)
    assert report.notes == []
