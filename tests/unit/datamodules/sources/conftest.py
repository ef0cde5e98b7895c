"""A writer of qlib's binary format, after its documentation, and a small market to write."""

import numpy as np
import pandas as pd
import pytest

ADJUSTED = ("open", "high", "low", "close", "vwap")


def write_qlib(folder, quotes, pools=None):
    """Write raw quotes the way qlib's collectors do.

    Prices times factor, volume divided by it, NaN throughout on untraded days, float32 with the
    first session's number in front, folders in lower case.
    """
    calendar = np.sort(quotes["date"].to_numpy()[~quotes["date"].duplicated()])
    (folder / "calendars").mkdir(parents=True)
    (folder / "instruments").mkdir()
    days = "\n".join(str(pd.Timestamp(day).date()) for day in calendar)
    (folder / "calendars" / "day.txt").write_text(days + "\n")
    spells = []
    for code, rows in quotes.groupby("code", observed=True):
        first, last = rows["date"].min(), rows["date"].max()
        spells.append(f"{code}\t{first.date()}\t{last.date()}")
        write_stock(folder / "features" / code.lower(), rows, calendar)
    for pool, lines in {"all": spells, **(pools or {})}.items():
        (folder / "instruments" / f"{pool}.txt").write_text("\n".join(lines) + "\n")


def write_stock(folder, rows, calendar):
    folder.mkdir(parents=True)
    sessions = np.searchsorted(calendar, rows["date"].to_numpy())
    for name in rows.columns.drop(["date", "code", "traded"]):
        values = rows[name].to_numpy(dtype=float)
        if name in ADJUSTED:
            values = values * rows["adj_factor"].to_numpy()
        elif name == "volume":
            values = values / rows["adj_factor"].to_numpy()
        line = np.full(sessions[-1] - sessions[0] + 1, np.nan)
        line[sessions - sessions[0]] = np.where(rows["traded"], values, np.nan)
        field = "factor" if name == "adj_factor" else name
        np.hstack([sessions[0], line]).astype("<f").tofile(folder / f"{field}.day.bin")


@pytest.fixture
def write():
    """The writer of a qlib folder: (folder, raw quotes, pools)."""
    return write_qlib


@pytest.fixture
def qlib_folder(tmp_path, raw_quotes):
    """The small market as a qlib folder, with a pool of spells and an index among the stocks."""
    index = raw_quotes[raw_quotes["code"] == "SH600519"].assign(code="SH000905")
    csi500 = ["sh600000\t2020-01-01\t2021-03-03", "SH600519\t2021-03-04\t2099-12-31"]
    write_qlib(tmp_path / "qlib", pd.concat([raw_quotes, index]), {"csi500": csi500})
    return tmp_path / "qlib"


@pytest.fixture
def raw_quotes():
    """Three stocks, eight sessions: a suspension, a late listing, a split, an index."""
    rng = np.random.default_rng(3)
    dates = pd.bdate_range("2021-03-01", periods=8)
    codes = ("SH600000", "SH600519", "SZ300001")
    frame = pd.DataFrame([(d, c) for d in dates for c in codes], columns=["date", "code"])
    price = frame["code"].map({"SH600000": 9.73, "SH600519": 2107.43, "SZ300001": 31.07})
    close = (price * (1 + 0.02 * rng.standard_normal(len(frame)))).round(2)
    frame["open"], frame["close"] = close.round(2), close
    frame["high"], frame["low"] = (close * 1.01).round(2), (close * 0.99).round(2)
    frame["vwap"] = (close * 1.001).round(4)
    frame["volume"] = rng.integers(100, 10_000_000, len(frame)).astype(float)
    frame["adj_factor"] = np.where(frame["date"] > dates[3], 0.37, 0.21)
    frame["turn"] = frame["volume"] / 1e8
    frame["float_cap"] = 1e8 * close
    frame["is_st"] = 0.0
    frame["industry"] = frame["code"].map({"SH600000": 3.0, "SH600519": 7.0, "SZ300001": 7.0})
    late = (frame["code"] == "SZ300001") & (frame["date"] < dates[2])
    frame = frame[~late].reset_index(drop=True)
    paused = (frame["code"] == "SH600000") & frame["date"].isin(dates[4:6])
    frame["traded"] = ~paused
    return frame
