"""A small market with gaps: late listings, suspensions, a delisting, unknown industries."""

import numpy as np
import pandas as pd
import pytest

from datamodules.settings import StyleProfile
from datamodules.styles.styles import StyleInputs

SESSIONS, STOCKS = 150, 40


@pytest.fixture
def short() -> StyleProfile:
    """cne5_renorm with windows that fit into 150 sessions."""
    return StyleProfile(
        beta_days=40, beta_half_life=10, momentum_days=60, momentum_lag=5, momentum_half_life=20,
        volatility_days=30, volatility_half_life=8, month_days=5,
    )  # fmt: skip


def market(sessions: int, stocks: int, seed: int = 7) -> StyleInputs:
    """Random walks with gaps; no reports."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.02, (sessions, stocks)) + rng.normal(0, 0.01, (sessions, 1))
    listing = np.where(rng.random(stocks) < 0.3, rng.integers(0, sessions // 2, stocks), 0)
    day = np.arange(sessions)[:, None]
    listed = (day >= listing) & ~((day > sessions - 20) & (np.arange(stocks) == 3))
    traded = listed & (rng.random((sessions, stocks)) > 0.05)
    traded[sessions // 3 : sessions // 3 + 15, 1] = False
    close = 10 * np.exp(np.cumsum(np.where(traded, moves, 0.0), axis=0))
    before = np.vstack([np.full(stocks, np.nan), close[:-1]])
    returns = np.where(traded & (day > listing), close / before - 1, np.nan)
    cap = close * np.exp(rng.normal(18, 1, stocks))
    industry = np.broadcast_to(rng.integers(-1, 4, stocks), (sessions, stocks))
    return StyleInputs(
        dates=np.arange(sessions) + np.datetime64("2015-01-01"),
        codes=np.array([f"SH{600000 + k}" for k in range(stocks)]),
        close=np.where(listed, close, np.nan),
        returns=returns,
        turn=np.where(traded, np.exp(rng.normal(-4, 1, (sessions, stocks))), np.nan),
        float_cap=np.where(listed, cap, np.nan),
        industry=industry,
        universe=listed & (day >= listing + 10),
        total_cap=np.where(listed, cap * np.exp(rng.normal(0.5, 0.3, stocks)), np.nan),
    )


def accounts(codes: np.ndarray, first_year: int, years: int, seed: int = 3) -> pd.DataFrame:
    """Quarterly reports of all stocks, announced 20 to 110 days after the quarter."""
    rng = np.random.default_rng(seed)
    ends = pd.date_range(f"{first_year}-01-01", periods=4 * years, freq="QE")
    table = pd.MultiIndex.from_product([codes, ends], names=["code", "period_end"])
    table = table.to_frame(index=False)
    size = np.repeat(np.exp(rng.normal(20, 1, len(codes))), len(ends))
    part = (table["period_end"].dt.month // 3).to_numpy()
    noise = rng.normal(0, 0.2, (6, len(table)))
    table["announced"] = table["period_end"] + pd.to_timedelta(
        rng.integers(20, 110, len(table)), unit="D"
    )
    table["net_profit_ytd"] = size * 0.02 * part * (1 + 3 * noise[0])
    table["revenue_ytd"] = size * 0.2 * part * (1 + noise[1])
    table["operating_cash_flow_ytd"] = size * 0.03 * part * (1 + 3 * noise[2])
    table["equity"] = size * (1 + noise[3])
    table["total_assets"] = size * 3 * np.exp(noise[4])
    table["total_liabilities"] = size * 1.5 * np.exp(noise[5])
    table["noncurrent_liabilities"] = size * 0.4 * np.exp(noise[4])
    return table


@pytest.fixture(scope="session")
def make_market():
    """Function (sessions, stocks) -> StyleInputs without reports."""
    return market


@pytest.fixture(scope="session")
def make_accounts():
    """Function (codes, first_year, years) -> fundamentals table."""
    return accounts


@pytest.fixture
def inputs() -> StyleInputs:
    """150 sessions of 40 stocks, with reports from 2009 on."""
    panel = market(SESSIONS, STOCKS)
    reports = accounts(panel.codes, 2009, 7).sample(frac=0.97, random_state=1)
    return StyleInputs(**{**vars(panel), "fundamentals": reports})
