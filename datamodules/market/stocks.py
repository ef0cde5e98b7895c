"""The stocks of a simulated market: what each is born with, and what befalls it beside trading."""

from dataclasses import dataclass

import numpy as np

from datamodules.canon.limits import A_SHARES

INDUSTRIES: tuple[str, ...] = (
    "Petroleum", "Coal", "Metals", "Utilities", "Steel", "Chemicals", "Construction",
    "Building materials", "Light manufacturing", "Machinery", "Power equipment", "Defence",
    "Automobiles", "Retail", "Leisure", "Appliances", "Textiles", "Health care",
    "Food and beverage", "Agriculture", "Banks", "Brokers", "Real estate", "Transport",
    "Electronics", "Communications", "Computers", "Media", "Insurance", "Conglomerates",
)  # fmt: skip

YEAR = 260.0  # sessions: every weekday
LISTED_AT_START, MEAN_WAIT = 0.9, 700.0  # share of the stocks; sessions until another one lists
MEAN_LIFE = 80 * YEAR  # sessions until a stock is delisted
NEW_BOARDS = (("chinext", "2009-10-30", 0.0, 0.35), ("star", "2019-07-22", 0.6, 1.0))
"""Board, its first day, and which stocks go there if they list once it is open."""
PREFIXES = {"chinext": ("SZ300", "SZ301"), "star": ("SH688", "SH689")}

SHORT_SUSPENSIONS, LONG_SUSPENSIONS = 0.5, 0.1  # a year: of 1 to 15 and of 40 to 160 sessions
ST_BEGINS, ST_ENDS = 0.02 / YEAR, 1 / 350  # chances a session
ST_BEFORE_DELISTING = 150  # sessions


@dataclass(frozen=True)
class Stocks:
    """Static facts of N stocks; every array has N rows."""

    codes: np.ndarray  # str, "SH600000"
    board: np.ndarray  # str, as in canon/limits.py
    industry: np.ndarray  # position in INDUSTRIES
    listed_on: np.ndarray  # session number, negative before the first
    delisted_on: np.ndarray  # first session without the stock
    beta: np.ndarray
    styles: np.ndarray  # (N, 4) size, volatility, liquidity, value: unit variance
    total_cap: np.ndarray  # yuan, when the stock enters
    price: np.ndarray  # yuan, when the stock enters
    sigma: np.ndarray  # daily volatility of its own, long run
    turnover: np.ndarray  # natural logarithm of the usual daily turnover
    restless: np.ndarray  # daily noise of log turnover


def draw_stocks(rng: np.random.Generator, count: int, first: np.datetime64) -> Stocks:
    """Draw the stocks of a market; the first session's date says which boards are open."""
    ages, waits = rng.integers(60, 4000, count), np.ceil(rng.exponential(MEAN_WAIT, count))
    early, place = rng.random((2, count))
    listed_on = np.where(early < LISTED_AT_START, -ages, waits).astype(int)
    life = 250 + rng.exponential(MEAN_LIFE, count).astype(int)
    codes = _codes(listed_on, place, rng.permutation(count), first)
    size, risk, liquidity, value, spare = rng.standard_normal((5, count))
    risk = 0.9 * risk - 0.44 * size
    liquidity = 0.75 * liquidity + 0.5 * risk - 0.43 * size
    liquidity, risk = liquidity / liquidity.std(), risk / risk.std()
    return Stocks(
        codes=codes,
        board=np.array([A_SHARES.board_of(code) for code in codes]),
        industry=rng.integers(0, min(len(INDUSTRIES), max(2, count // 8)), count),
        listed_on=listed_on,
        delisted_on=np.maximum(listed_on, 0) + life,
        beta=np.clip(1 + 0.1 * risk + 0.12 * spare, 0.4, 1.8),
        styles=np.column_stack([size, risk, liquidity, value]),
        total_cap=np.exp(22.6 + 0.5 * size),
        price=np.clip(np.exp(2.6 + 0.3 * rng.standard_normal(count)), 3, 120),
        sigma=np.exp(-3.95 + 0.25 * risk),
        turnover=np.clip(-4.3 + 0.55 * liquidity, -6.5, -2.5),
        restless=np.exp(-1.4 + 0.4 * rng.standard_normal(count)),
    )


def _codes(
    listed_on: np.ndarray, place: np.ndarray, order: np.ndarray, first: np.datetime64
) -> np.ndarray:
    """Return unique codes: of a new board if it was open at the listing, else of the main board."""
    main = [f"SH{600000 + k // 2}" if k % 2 == 0 else f"SZ{1 + k // 2:06d}" for k in order]
    codes = np.array(main)
    for board, opens, low, high in NEW_BOARDS:
        there = listed_on >= np.busday_count(first, np.datetime64(opens))
        spare = (f"{start}{n:03d}" for start in PREFIXES[board] for n in range(1, 1000))
        taken: set[str] = set()
        for i in np.flatnonzero(there & (place >= low) & (place < high)):
            code = f"{PREFIXES[board][0]}{1 + order[i] % 999:03d}"
            if code in taken:  # the main board takes what no code is left for
                code = next((free for free in spare if free not in taken), main[i])
            taken.add(code)
            codes[i] = code
    return codes


@dataclass(frozen=True)
class Status:
    """One session's state of N stocks (bool); age counts sessions since listing."""

    listed: np.ndarray
    traded: np.ndarray
    is_st: np.ndarray
    age: np.ndarray


class Events:
    """Suspensions and special treatment, drawn session by session."""

    def __init__(self, stocks: Stocks) -> None:
        self._stocks = stocks
        self._suspended = np.zeros(len(stocks.codes), int)  # sessions left
        self._special = np.zeros(len(stocks.codes), bool)

    def step(self, rng: np.random.Generator, day: int) -> Status:
        """Open session number `day`."""
        age, left = day - self._stocks.listed_on, self._stocks.delisted_on - day
        listed = (age >= 0) & (left > 0)
        self._suspend(rng, listed & (age > 30))
        chance = rng.random(len(age))
        self._special = np.where(self._special, chance > ST_ENDS, chance < ST_BEGINS)
        return Status(
            listed=listed,
            traded=listed & (self._suspended == 0),
            is_st=listed & (self._special | (left <= ST_BEFORE_DELISTING)),
            age=age,
        )

    def _suspend(self, rng: np.random.Generator, may: np.ndarray) -> None:
        draw = rng.random(len(may)) * YEAR
        short = np.minimum(rng.geometric(0.25, len(may)), 15)
        long = rng.integers(40, 161, len(may))
        begins = np.where(draw < LONG_SUSPENSIONS, long, short)
        begins[draw >= LONG_SUSPENSIONS + SHORT_SUSPENSIONS] = 0
        self._suspended = np.maximum(self._suspended - 1, 0)
        self._suspended = np.where(may & (self._suspended == 0), begins, self._suspended)


class Shares:
    """Total, float and free-float shares (whole numbers) and the back-adjusting factor, (N,)."""

    def __init__(self, rng: np.random.Generator, stocks: Stocks) -> None:
        count = len(stocks.codes)
        self.total = np.maximum(np.rint(stocks.total_cap / stocks.price / 1e4) * 1e4, 1e6)
        self._floating = np.clip(0.7 + 0.2 * rng.standard_normal(count), 0.2, 1.0)
        self._free = rng.uniform(0.4, 0.9, count)
        self.adj_factor = np.ones(count)

    @property
    def float(self) -> np.ndarray:
        """Shares that may trade."""
        return np.rint(self.total * self._floating / 100) * 100

    @property
    def free(self) -> np.ndarray:
        """Float shares outside the hands of lasting holders."""
        return np.rint(self.float * self._free / 100) * 100

    def step(
        self, rng: np.random.Generator, date: np.datetime64, close: np.ndarray, status: Status
    ) -> np.ndarray:
        """Apply the session's dividends, splits and unlocks.

        Args:
            rng: The session's.
            date: Its date; dividends fall in May, June and July.
            close: Last closes in cents, (N,) integers.
            status: Nothing goes ex while suspended, nor in the first 60 sessions.

        Returns:
            The exchange's previous close in cents, (N,).
        """
        draw, cash, bonus, unlock = rng.random((4, len(close)))
        self._floating = np.minimum(self._floating + 0.05 * (unlock < 0.15 / YEAR), 1.0)
        month = date.astype("datetime64[M]").astype(int) % 12 + 1
        acts = status.traded & (status.age > 60)
        acts &= draw < (0.011 if month in (5, 6, 7) else 0.0002)
        dividend = np.where(acts & (cash < 0.85), np.rint(close * 0.03 * cash), 0)
        splits = acts & ((bonus < 0.1) | (close > 4000) & (bonus < 0.7))
        ratio = np.where(splits, np.where(bonus * 1e3 % 1 < 0.5, 0.5, 1.0), 0.0)
        exact = (close - dividend) / (1 + ratio)
        prev_close = np.where(acts, np.floor(exact + 0.5), close).astype(np.int64)
        self.total = np.rint(self.total * (1 + ratio))
        self.adj_factor = self.adj_factor * (close / prev_close)
        return prev_close
