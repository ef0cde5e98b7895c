"""A small random market in canonical tables, with every oddity that a real one has."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from datamodules.canon.report import DataReport
from datamodules.canon.tables import Tables

CODES = ("SH600001", "SH600002", "SZ000003", "SZ300004", "SH688005", "SH600006", "SZ000007")
LISTED = (0, 0, 0, 5, 20, 0, 30)
"""First session of each stock."""
DELISTED = {"SH600006": 45}
"""First session without rows."""
INDUSTRIES = ("banks", "coal", "steel")


def random_quotes(seed: int = 0, sessions: int = 60, start: str = "2020-06-15") -> pd.DataFrame:
    """Rows of seven stocks: listings, a delisting, suspensions, gaps, ST, splits, limit days."""
    rng = np.random.default_rng(seed)
    dates = pd.bdate_range(start, periods=sessions)
    frames = [
        _one_stock(rng, code, dates[first : DELISTED.get(code, sessions)])
        for code, first in zip(CODES, LISTED, strict=True)
        if first < sessions
    ]
    quotes = pd.concat(frames).sort_values(["date", "code"], ignore_index=True)
    quotes["code"] = quotes["code"].astype("category")
    quotes["industry"] = quotes["industry"].astype("category")
    return quotes


def _one_stock(rng: np.random.Generator, code: str, dates: pd.DatetimeIndex) -> pd.DataFrame:
    n = len(dates)
    factor = np.where(np.arange(n) >= n // 2, 1.25, 1.0) * rng.choice([1.0, 2.0])
    close = np.array(_closes(rng, factor))
    wide = np.where(rng.random(n) < 0.2, 0.0, 0.03)
    open_ = np.round(close * (1 + wide * rng.uniform(-1, 1, n)), 2)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    volume = rng.integers(1, 10**6, n).astype(float)
    frame = pd.DataFrame(
        {
            "date": dates,
            "code": code,
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "vwap": (high + low) / 2,
            "volume": volume,
            "amount": volume * close,
            "adj_factor": factor,
            "turn": np.where(rng.random(n) < 0.01, 0.0, volume / 1e7),
            "free_turn": volume / 6e6,
            "float_cap": 1e7 * close,
            "traded": rng.random(n) > 0.04,
            "is_st": np.cumsum(rng.random(n) < 0.05) % 3 == 2,
            "industry": rng.choice(INDUSTRIES),
        }
    )
    untraded = ~frame["traded"].to_numpy()
    frame.loc[untraded, "vwap"] = np.nan
    frame.loc[untraded, "volume"] = 0.0
    return frame[rng.random(n) > 0.02]


def _closes(rng: np.random.Generator, factor: np.ndarray) -> list[float]:
    """A random walk in cents that on some days ends exactly at a limit of 5, 10 or 20%."""
    fen = [1000]
    for before, now in pairwise(factor):
        previous = int(fen[-1] * before / now + 0.5)
        percent = int(rng.choice([-20, -10, -5, 5, 10, 20]))
        at_limit = (previous * (100 + percent) + 50) // 100
        walk = round(previous * float(np.exp(rng.normal(0, 0.02))))
        fen.append(at_limit if rng.random() < 0.4 else walk)
    return [price / 100 for price in fen]


@pytest.fixture
def quotes() -> pd.DataFrame:
    return random_quotes()


@pytest.fixture
def make_quotes():
    return random_quotes


@pytest.fixture
def make_tables():
    """Wrap quotes, with an index and its members, as checked tables."""

    def make(quotes: pd.DataFrame, **others: object) -> Tables:
        dates = np.unique(quotes["date"])
        day = pd.Timestamp("2020-06-17")
        index = pd.DataFrame({"date": dates, "code": "SH000905", "close": 1000.0})
        members = pd.DataFrame(
            {
                "index": "csi500",
                "code": ["SH600001", "SZ000003", "SH600006"],
                "start": day + pd.to_timedelta([-9, 0, -9], "D"),
                "end": day + pd.to_timedelta([99, 40, 99], "D"),
            }
        )
        tables = {
            "quotes": quotes,
            "fundamentals": None,
            "index": index,
            "index_members": members,
            "truth": None,
            "report": DataReport("a test"),
        }
        return Tables(**tables | others)

    return make


@pytest.fixture
def rows():
    """Quotes as {code: {date: row}}, for slow references."""

    def by_stock(quotes: pd.DataFrame) -> dict[str, dict[np.datetime64, SimpleNamespace]]:
        table: dict[str, dict[np.datetime64, SimpleNamespace]] = {}
        for record in quotes.to_dict("records"):
            day = np.datetime64(record["date"], "D")
            table.setdefault(record["code"], {})[day] = SimpleNamespace(**record)
        return table

    return by_stock
