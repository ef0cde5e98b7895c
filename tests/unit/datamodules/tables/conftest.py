"""Clean little tables, written as a vendor would, for one test to spoil."""

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError
from datamodules.settings import TableSettings
from datamodules.tables.load import load_tables

TODAY = pd.Timestamp("2021-06-30").date()
CODES = ("SH600000", "SH688001", "SZ300001")


def clean_quotes(sessions=6):
    dates = pd.bdate_range("2021-03-01", periods=sessions)
    frame = pd.DataFrame([(day, code) for day in dates for code in CODES], columns=["date", "code"])
    frame["open"] = 10.0
    frame["high"] = 10.5
    frame["low"] = 9.9
    frame["close"] = 10.2
    frame["vwap"] = 10.1
    frame["volume"] = 1000.0
    frame["amount"] = 10100.0
    frame["adj_factor"] = 1.5
    frame["turn"] = 0.01
    frame["free_turn"] = 0.02
    frame["float_cap"] = 1_020_000.0
    frame["total_cap"] = 2_040_000.0
    frame["float_shares"] = 100_000.0
    frame["prev_close"] = 10.2
    frame["traded"] = True
    frame["is_st"] = False
    frame["industry"] = frame["code"].map({"SH600000": "banks", "SH688001": "chips"})
    return frame.fillna({"industry": "coal"})


def clean_fundamentals():
    flows = ("net_profit_ytd", "revenue_ytd", "operating_cash_flow_ytd", "equity")
    stocks = ("total_assets", "total_liabilities", "noncurrent_liabilities", "total_shares")
    frame = pd.DataFrame({"code": CODES, **dict.fromkeys((*flows, *stocks), 1e6)})
    frame["total_assets"] = 2e6
    frame["period_end"] = pd.Timestamp("2020-12-31")
    frame["announced"] = pd.Timestamp("2021-03-15")
    return frame


def clean_index():
    return pd.DataFrame(
        {"date": pd.bdate_range("2021-03-01", periods=6), "code": "SH000905", "close": 6000.0}
    )


def clean_members():
    return pd.DataFrame(
        {
            "index": "csi500",
            "code": CODES,
            "start": pd.Timestamp("2021-01-01"),
            "end": pd.Timestamp("2021-12-31"),
        }
    )


def moving_quotes(stocks=12, sessions=40, start="2021-03-01"):
    """Stocks whose prices move by up to 3% a day; each of the first six is split in two once."""
    rng = np.random.default_rng(8)
    dates = pd.bdate_range(start, periods=sessions)
    rows = []
    for stock in range(stocks):
        close = 20.0
        for session, date in enumerate(dates):
            split = stock < 6 and session == 10 + 2 * stock
            before = round(close / 2, 2) if split else close
            move = rng.uniform(-0.03, 0.03)
            open_, close = (round(before * (1 + part * move), 2) for part in (0.3, 1.0))
            factor = 2.0 if stock < 6 and session >= 10 + 2 * stock else 1.0
            rows.append((date, f"SH6000{stock:02}", open_, close, before, factor))
    names = ["date", "code", "open", "close", "prev_close", "adj_factor"]
    frame = pd.DataFrame(rows, columns=names).sort_values(["date", "code"], ignore_index=True)
    frame["high"] = frame[["open", "close"]].max(axis=1)
    frame["low"] = frame[["open", "close"]].min(axis=1)
    frame["vwap"] = (frame["high"] + frame["low"]) / 2
    frame["volume"] = rng.uniform(500, 2000, len(frame)).round()
    frame["amount"] = frame["volume"] * frame["vwap"]
    frame["float_shares"] = 100_000.0
    frame["turn"] = frame["volume"] / frame["float_shares"]
    frame["free_turn"] = 1.5 * frame["turn"]
    frame["float_cap"] = frame["float_shares"] * frame["close"]
    frame["total_cap"] = 2 * frame["float_cap"]
    return frame.assign(traded=True, is_st=False, industry="banks")


CLEAN = {
    "quotes": clean_quotes,
    "fundamentals": clean_fundamentals,
    "index": clean_index,
    "index_members": clean_members,
}


@pytest.fixture
def clean():
    """Table name -> a clean frame."""
    return {name: make() for name, make in CLEAN.items()}


@pytest.fixture
def moving():
    """Quotes of twelve stocks over forty sessions, whose prices move; six are split."""
    return moving_quotes()


@pytest.fixture
def two_years():
    """The same from 2020-12-01 on, all six splits in 2020."""
    return moving_quotes(start="2020-12-01")


@pytest.fixture
def eighty():
    """The same over eighty sessions."""
    return moving_quotes(sessions=80)


@pytest.fixture
def refused(load):
    """Load what must be refused; the error, and that `data.accept` lets it pass with a warning."""

    def refuse(finding=None, **tables):
        settings = tables.pop("settings", {})
        with pytest.raises(TableError) as caught:
            load(**tables, settings=settings)
        assert caught.value.needed
        assert caught.value.hint
        if finding:
            assert f"; data.accept=[{finding}] builds a panel all the same" in caught.value.hint
            report = load(**tables, settings={**settings, "accept": [finding]}).report
            accepted = [note for note in report.notes if note.kind == finding]
            assert {note.cost for note in accepted} == {"wrong"}
            assert accepted[0].says.endswith("; accepted")
            assert report.to_dict()["accept"] == (finding,)
        return caught.value

    return refuse


@pytest.fixture
def load(tmp_path):
    """Write the tables given, and load them as of 2021-06-30 under the settings given."""

    def write_and_load(**tables):
        settings = tables.pop("settings", {})
        features = tables.pop("features", None)
        for name, frame in tables.items():
            frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        given = TableSettings(source="parquet", path=str(tmp_path), **settings)
        extra = {} if features is None else {"features": features}
        return load_tables(given, today=TODAY, **extra)

    return write_and_load
