"""Clean little tables, written as a vendor would, for one test to spoil."""

import pandas as pd
import pytest

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
