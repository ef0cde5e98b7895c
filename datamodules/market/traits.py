"""What a stock is born with: code, board, industry, exposures, levels of risk and turnover."""

from dataclasses import dataclass

import numpy as np

from datamodules.market.streams import Stream, stream

INDUSTRIES: tuple[str, ...] = (
    "Petroleum", "Coal", "Metals", "Utilities", "Steel", "Chemicals", "Construction",
    "Building materials", "Light manufacturing", "Machinery", "Power equipment", "Defence",
    "Automobiles", "Retail", "Leisure", "Appliances", "Textiles", "Health care",
    "Food and beverage", "Agriculture", "Banks", "Brokers", "Real estate", "Transport",
    "Electronics", "Communications", "Computers", "Media", "Insurance", "Conglomerates",
)  # fmt: skip

MAIN, CHINEXT, STAR = 0, 1, 2
CHINEXT_OPENS = np.datetime64("2009-10-30")
STAR_OPENS = np.datetime64("2019-07-22")

CAPS, PRICES = 0.5, 0.3  # deviations of ln cap and ln price when a stock enters
LISTED_AT_START = 0.9
MEAN_WAIT = 700.0  # sessions until a later stock lists
MEAN_LIFE = 244 * 80.0  # sessions until a stock is delisted for its accounts


@dataclass(frozen=True)
class Traits:
    """Static facts of N stocks; every array has N rows."""

    codes: np.ndarray  # str, "SH600000"
    board: np.ndarray  # MAIN, CHINEXT or STAR
    industry: np.ndarray  # position in INDUSTRIES
    listed_on: np.ndarray  # session number, negative before the first
    delisted_on: np.ndarray  # first session without the stock
    beta: np.ndarray
    styles: np.ndarray  # (N, 4) size, volatility, liquidity, value: unit variance
    total_cap: np.ndarray  # yuan, when the stock enters
    price: np.ndarray  # yuan, when the stock enters
    sigma: np.ndarray  # daily idiosyncratic volatility, long run
    turnover: np.ndarray  # natural logarithm of the usual daily turnover
    restless: np.ndarray  # daily noise of log turnover


def draw_traits(stocks: int, seed: int, first: np.datetime64) -> Traits:
    """Draw the stocks of a market; the first session's date says which boards are open."""
    rng = stream(seed, Stream.TRAITS)
    board, listed_on = _listings(rng, stocks, first)
    delisted_on = np.maximum(listed_on, 0) + 250 + rng.exponential(MEAN_LIFE, stocks).astype(int)
    size, risk, liquidity, value, spare = rng.standard_normal((5, stocks))
    risk = 0.9 * risk - 0.44 * size
    liquidity = 0.75 * liquidity + 0.5 * risk - 0.43 * size
    liquidity, risk = liquidity / liquidity.std(), risk / risk.std()
    return Traits(
        codes=_codes(board, rng.permutation(stocks)),
        board=board,
        industry=rng.integers(0, min(len(INDUSTRIES), max(2, stocks // 8)), stocks),
        listed_on=listed_on,
        delisted_on=delisted_on,
        beta=np.clip(1 + 0.1 * risk + 0.12 * spare, 0.4, 1.8),
        styles=np.column_stack([size, risk, liquidity, value]),
        total_cap=np.exp(22.6 + CAPS * size),
        price=np.clip(np.exp(2.6 + PRICES * rng.standard_normal(stocks)), 3, 120),
        sigma=np.exp(-3.95 + 0.25 * risk),
        turnover=np.clip(-4.3 + 0.55 * liquidity, -6.5, -2.5),
        restless=np.exp(-1.4 + 0.4 * rng.standard_normal(stocks)),
    )


def _listings(
    rng: np.random.Generator, stocks: int, first: np.datetime64
) -> tuple[np.ndarray, np.ndarray]:
    """Return each stock's board, and the session of its listing as in `Traits`.

    Dates are taken as 1.5 days a session, with a month to spare: boards must not depend on how
    many sessions are simulated.
    """
    waits = np.ceil(rng.exponential(MEAN_WAIT, stocks)).astype(int)
    ages = rng.integers(60, 4000, stocks)
    early, draw = rng.random((2, stocks))
    listed_on = np.where(early < LISTED_AT_START, -ages, waits)
    chinext, star = (
        (opens - first).astype(int) / 1.5 + 20 for opens in (CHINEXT_OPENS, STAR_OPENS)
    )
    board = np.where((draw < 0.35) & (waits >= chinext), CHINEXT, MAIN)
    board = np.where((draw > 0.6) & (waits >= star), STAR, board)
    young = int(min(-chinext, 4000))
    old = np.where((draw < 0.1) & (young > 60), CHINEXT, MAIN)
    board = np.where(listed_on < 0, old, board)
    recent = -(60 + ages % max(young - 60, 1))
    return board, np.where((board == CHINEXT) & (listed_on < 0), recent, listed_on)


def _codes(board: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return unique codes within each board's own number range."""
    shanghai = (order % 2 == 0) & (board == MAIN)
    number = np.where(shanghai, 600000 + order // 2, 1 + order // 2)
    number = np.where(board == CHINEXT, 300001 + order, number)
    number = np.where(board == STAR, 688001 + order, number)
    prefix = np.where(shanghai | (board == STAR), "SH", "SZ")
    return np.array([f"{p}{n:06d}" for p, n in zip(prefix, number, strict=True)])
