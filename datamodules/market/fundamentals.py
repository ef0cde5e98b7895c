"""Quarterly accounts, year to date, with the date on which each was announced."""

import numpy as np
import pandas as pd

from datamodules.market.streams import Stream, stream
from datamodules.market.traits import Traits

YEARS_BEFORE = 6  # of accounts before the first session: growth styles need five annual reports
LAGS = {3: (20, 31), 6: (35, 62), 9: (20, 31), 12: (60, 109)}  # days to the announcement


def quarter_ends(calendar: np.ndarray) -> np.ndarray:
    """Return the period ends whose accounts may be announced by the last session."""
    first = calendar[0].astype("datetime64[Y]") - YEARS_BEFORE
    months = np.arange(
        first.astype("datetime64[M]") + 2, calendar[-1].astype("datetime64[M]") + 1, 3
    )
    ends = (months + 1).astype("datetime64[D]") - 1
    return ends[ends < calendar[-1]]


def simulate_fundamentals(
    traits: Traits,
    seed: int,
    calendar: np.ndarray,
    shares: dict[np.datetime64, np.ndarray],
    opening: np.ndarray,
) -> pd.DataFrame:
    """Return the fundamentals table (yuan, shares), announced by the last session.

    Args:
        traits: The stocks.
        seed: The market's seed.
        calendar: Sessions.
        shares: Total shares at each period end inside the calendar, (N,) each.
        opening: Total shares before the first session, (N,).
    """
    company = _Company(traits, seed)
    frames = []
    for number, end in enumerate(quarter_ends(calendar)):
        month = int(end.astype("datetime64[M]").astype(int) % 12 + 1)
        rng = stream(seed, Stream.FUNDAMENTALS, 1 + number)
        accounts = company.report(rng, month)
        low, high = LAGS[month]
        accounts["announced"] = end + rng.integers(low, high, len(traits.codes))
        accounts["total_shares"] = shares.get(end, opening)
        session = int(np.searchsorted(calendar, end))
        public = (traits.listed_on - 732 < session) & (traits.delisted_on > session)
        frame = pd.DataFrame({"code": traits.codes, "period_end": end, **accounts})
        frames.append(frame[public & (accounts["announced"] <= calendar[-1])])
    table = pd.concat(frames, ignore_index=True)
    for column in ("period_end", "announced"):
        table[column] = table[column].astype("datetime64[ns]")
    return table.sort_values(["code", "period_end"], ignore_index=True)


class _Company:
    """Balance sheets and income of N companies, moved a quarter at a time."""

    def __init__(self, traits: Traits, seed: int) -> None:
        rng = stream(seed, Stream.FUNDAMENTALS)
        stocks = len(traits.codes)
        noise = rng.standard_normal((5, stocks))
        book_to_price = np.exp(-0.9 + 0.5 * traits.styles[:, 3])
        self._return = 0.08 + 0.06 * noise[0]  # on equity, a year
        self._equity = traits.total_cap * book_to_price / np.exp(0.05 * YEARS_BEFORE)
        self._leverage = np.clip(0.45 + 0.18 * noise[1], 0.05, 0.9)
        self._noncurrent = np.clip(0.2 + 0.1 * noise[2], 0.0, 0.6)
        self._margin = np.clip(0.09 + 0.05 * noise[3], 0.01, 0.4)
        self._cash = 1.0 + 0.3 * noise[4]
        self._year = np.zeros((3, stocks))  # net profit, revenue, operating cash flow

    def report(self, rng: np.random.Generator, month: int) -> dict[str, np.ndarray]:
        """Return the accounts of the quarter that ends in `month`."""
        shock = rng.standard_normal((4, len(self._equity)))
        self._return = 0.97 * self._return + 0.03 * 0.08 + 0.012 * shock[0]
        self._leverage = np.clip(self._leverage + 0.01 * shock[1], 0.05, 0.9)
        profit = self._equity * (self._return + 0.02 * shock[2]) / 4
        revenue = self._equity * np.abs(self._return + 0.08) / self._margin / 8
        cash = profit * self._cash + 0.01 * self._equity * shock[3]
        if month == 3:
            self._year[:] = 0
        self._year += profit, revenue, cash
        paid = 0.3 * np.maximum(self._year[0], 0) if month == 6 else 0.0
        self._equity = np.maximum(self._equity + profit - paid, 0.05 * self._equity)
        assets = self._equity / (1 - self._leverage)
        return {
            "net_profit_ytd": np.round(self._year[0], 2),
            "revenue_ytd": np.round(self._year[1], 2),
            "operating_cash_flow_ytd": np.round(self._year[2], 2),
            "equity": np.round(self._equity, 2),
            "total_assets": np.round(assets, 2),
            "total_liabilities": np.round(assets - self._equity, 2),
            "noncurrent_liabilities": np.round((assets - self._equity) * self._noncurrent, 2),
        }
