"""A factor cut into cross-sections, with the market around them; only rows needed are read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.signal.neutralise import neutralise
from alphanet_pl.evaluation.signal.prices import Market, read_market
from alphanet_pl.evaluation.types import Brief, Dates, Floats, Number
from datamodules.base.errors import EvaluationError
from datamodules.panel import Panel
from datamodules.panel.layout import SHARD_DAYS
from datamodules.prepare.labels import FILTERS, label_filter

HORIZONS = tuple(range(1, 21))
"""Sessions ahead of the decay."""


@dataclass(frozen=True, kw_only=True)
class Sections:
    """Cross-sections and the market around them; S sections, N stocks, T sessions.

    Attributes:
        options: How a factor is judged there.
        market: Prices.
        rows: (S,) the sections' rows in the market.
        industry: (S, N) index into `industries`, negative unknown.
        industries: Their names.
        log_cap: (S, N) ln of float capitalisation.
        price: (T, N) what returns are measured on: adjusted, carried forward.
        lag: Sessions between signal and entry: 0 for `close`, 1 for `vwap_next`.
    """

    options: EvaluationSettings
    market: Market
    rows: NDArray[np.int64]
    industry: NDArray[np.integer]
    industries: Sequence[str]
    log_cap: Floats
    price: Floats
    lag: int = 0

    @property
    def dates(self) -> Dates:
        """(S,) dates of the sections."""
        return self.market.dates[self.rows]

    def returns(self, horizon: int) -> Floats:
        """(S, N) return over so many sessions, see `forward_returns`."""
        return forward_returns(self.price, self.rows, horizon, self.lag)


@dataclass(frozen=True, kw_only=True)
class FactorSections(Sections):
    """A factor's cross-sections.

    Attributes:
        panel: Where everything else is read.
        first: Session of the panel at which the market begins: the first one with a score. The
            market reaches as far as any section's return is measured.
        daily: (D, N) scores of every session from `first` to the last with a score, D <= T.
        published: (S, N) the factor where the next-day filter keeps the stock.
        neutral: (S, N) the same, made industry-and-size neutral.
        forward: (S, N) return over `options.step` sessions where the filter keeps the stock.
    """

    panel: Panel
    first: int
    daily: Floats
    published: Floats
    neutral: Floats
    forward: Floats

    def read(self, name: str, rows: NDArray[np.integer] | None = None) -> np.ndarray:
        """Rows of the market (default: the sections) of an array of the panel."""
        return read_rows(self.panel, name, self.first + (self.rows if rows is None else rows))

    def test_period(self) -> Market:
        """The market to the end of the last section's step, where the portfolios end too."""
        stop = int(self.rows[-1]) + self.options.step + 1
        market = self.market
        return replace(
            market,
            dates=market.dates[:stop],
            close=market.close[:stop],
            vwap=market.vwap[:stop],
        )

    def neutral_of(self, scores: Floats) -> Floats:
        """Other scores (S, N) of the same stocks, made neutral as the factor itself was."""
        kept = np.isfinite(self.published)
        universe = np.where(kept, scores, np.nan) if self.options.filter == "report" else scores
        return np.where(kept, neutralise(universe, self.industry, self.log_cap), np.nan)


@dataclass(frozen=True, repr=False)
class StockCoverage(Brief):
    """How many of the stocks that could be scored have a score, at each section."""

    dates: list[str]
    scored: list[int]
    universe: list[int]
    mean_share: Number


def stock_coverage_of(cut: FactorSections) -> StockCoverage:
    """How many of the scorable stocks have a score at each section."""
    scorable = cut.read("scorable")
    universe = scorable.sum(axis=1)
    scored = (np.isfinite(cut.daily[cut.rows]) & scorable).sum(axis=1)
    any_ = universe > 0
    return StockCoverage(
        dates=cut.dates.astype(str).tolist(),
        scored=scored.tolist(),
        universe=universe.tolist(),
        mean_share=float((scored[any_] / universe[any_]).mean()) if any_.any() else np.nan,
    )


def cut_factor(panel: Panel, options: EvaluationSettings, factor: Floats) -> FactorSections:
    """Cut a factor into sections and drop what the next-day filter leaves out.

    Args:
        panel: D sessions, N stocks.
        options: Step, label, filter.
        factor: (D, N), NaN without a score.

    Raises:
        EvaluationError: The return of not a single section is known.
    """
    lag = 0 if options.label == "close" else 1
    scored = np.flatnonzero(np.isfinite(factor).any(axis=1))
    first, last = int(scored[0]), int(scored[-1])
    rows = spaced(scored, options.step)
    rows = rows[rows + lag + options.step < len(panel.dates)]
    if not len(rows):
        raise EvaluationError(
            f"the factor covers {panel.dates[first]} to {panel.dates[last]}",
            f"the panel ends before any section's return over {options.step} sessions is known",
            "predict earlier dates, or prepare a longer panel",
        )
    reach = lag + max(options.step, *HORIZONS)
    market = read_market(panel, first, min(int(rows[-1]) + reach + 1, len(panel.dates)))
    price = market.close
    if lag:  # without a trade the last price counts, after a delisting too
        price = np.where(np.isfinite(market.vwap), market.vwap, market.close)
    forward = forward_returns(price, rows - first, options.step, lag)
    if lag:  # none enters at a price that there was not
        forward[~np.isfinite(market.vwap[rows - first + lag])] = np.nan
    masks = {name: read_rows(panel, name, rows) for name in ("listed", *FILTERS[options.filter])}
    # A stock that has left keeps its last price, and would be one of no return.
    kept = label_filter(masks, options.filter) & masks["listed"] & np.isfinite(forward)
    industry, log_cap = (read_rows(panel, name, rows) for name in ("industry", "log_cap"))
    published = np.where(kept, factor[rows], np.nan)
    # The paper's universe leaves filtered stocks out from the start; otherwise what is known
    # only tomorrow must not touch the statistics of today's neutralisation.
    universe = published if options.filter == "report" else factor[rows]
    return FactorSections(
        panel=panel,
        options=options,
        first=first,
        market=market,
        daily=factor[first : min(last + 1, first + len(market.dates))],
        rows=rows - first,
        industry=industry,
        industries=panel.industries,
        log_cap=log_cap,
        published=published,
        neutral=np.where(kept, neutralise(universe, industry, log_cap), np.nan),
        forward=np.where(kept, forward, np.nan),
        price=price,
        lag=lag,
    )


def sections(start: int, stop: int, step: int) -> NDArray[np.int64]:
    """Session indices start, start + step, ... below stop: the test's cross-sections."""
    return np.arange(start, stop, step)


def spaced(scored: NDArray[np.integer], step: int) -> NDArray[np.int64]:
    """The scored sessions that are cross-sections, `step` or more from one to the next.

    Of a daily factor every step-th from the first one on: a day without scores costs the section
    that falls on it, and moves none. Of any other, each as soon as `step` are over: of a monthly
    one all.

    Args:
        scored: (D,) sessions, ascending.
        step: Sessions.
    """
    scored = scored.astype(np.int64)
    if len(scored) > 1 and np.median(np.diff(scored)) == 1:
        return scored[(scored - scored[0]) % step == 0]
    kept: list[int] = []
    for session in scored.tolist():
        if not kept or session >= kept[-1] + step:
            kept.append(session)
    return np.array(kept, dtype=np.int64)


def usual_step(rows: NDArray[np.integer]) -> int:
    """Sessions from one section to the next, the median; 0 for a single one."""
    return int(np.median(np.diff(rows))) if len(rows) > 1 else 0


def forward_returns(price: Floats, rows: NDArray[np.integer], horizon: int, lag: int = 0) -> Floats:
    """Return from session t + lag to t + lag + horizon at the rows t.

    Args:
        price: (T, N) adjusted price, carried forward where there is no trade.
        rows: (S,) session indices.
        horizon: Sessions ahead.
        lag: 0 for a label from close to close, 1 for vwap of t + 1 to vwap of t + 1 + horizon.

    Returns:
        (S, N) float64; NaN where the window reaches past the last session.
    """
    out = np.full((len(rows), price.shape[1]), np.nan)
    inside = rows + lag + horizon < len(price)
    begin = rows[inside] + lag
    out[inside] = price[begin + horizon] / price[begin] - 1.0
    return out


def read_rows(panel: Panel, name: str, rows: NDArray[np.integer]) -> np.ndarray:
    """Ascending sessions of an array, one shard after the other: no more is in memory at once."""
    blocks = np.split(rows, np.flatnonzero(np.diff(rows // SHARD_DAYS)) + 1)
    return np.concatenate(
        [panel.read(name, int(b[0]), int(b[-1]) + 1)[b - b[0]] for b in blocks if len(b)]
    )
