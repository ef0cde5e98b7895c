"""The whole evaluation at full size, the weekly programs, and alphalens on the same input.

    python -m benchmarks.evaluation

2531 sessions x 4000 stocks: IC (raw and neutral, by year, industry and size, decay over 20
horizons), layers under three filters, exposures to ten styles; budget 30 s and 2 GB. 500 weekly
programs over 4000 stocks, planned and traded; budget 60 s. alphalens computes RankIC, RankIC by
industry and quantile returns on every fifth section of the same arrays, we the same three. At all
sections it would need about as many times longer as there are more of them.
"""

import resource
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.portfolio.enhancement import rebalance_rows, run_enhancement
from alphanet_pl.evaluation.portfolio.layers import assign_layers, judge_layers
from alphanet_pl.evaluation.portfolio.tradability import MASKS, next_day
from alphanet_pl.evaluation.signal.cross_sections import Sections, forward_returns
from alphanet_pl.evaluation.signal.exposures import judge_exposures
from alphanet_pl.evaluation.signal.ic import ic_block, ic_by_industry, ic_summary
from alphanet_pl.evaluation.signal.neutralise import neutralise, standardise, winsorise
from alphanet_pl.evaluation.signal.prices import Market
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from benchmarks.race import write

DAYS, STOCKS, INDUSTRIES, STYLES, STEP = 2531, 4000, 30, 10, 10
WEEKS = 500
EVERY = 5
"""alphalens sees every fifth section."""
NAMES = [f"industry {k}" for k in range(INDUSTRIES)]


def simulate() -> tuple[Market, np.ndarray, np.ndarray, np.ndarray]:
    """A market of random walks, a weak factor, ln caps and industries."""
    rng = np.random.default_rng(0)
    dates = pd.bdate_range("2011-01-31", periods=DAYS).to_numpy().astype("datetime64[D]")
    close = rng.normal(0, 0.02, (DAYS, STOCKS))
    np.cumsum(close, axis=0, out=close)
    np.exp(close, out=close)
    vwap = close * (1 + rng.normal(0, 0.004, close.shape).astype(np.float32))
    vwap[rng.random(vwap.shape, dtype=np.float32) < 0.01] = np.nan
    factor = rng.normal(size=(DAYS, STOCKS))
    factor[:-STEP] += 0.1 * np.log(close[STEP:] / close[:-STEP]) / 0.06
    factor[rng.random(factor.shape, dtype=np.float32) < 0.05] = np.nan
    log_cap = np.float32(22) + rng.normal(size=STOCKS).astype(np.float32)
    industry = rng.integers(0, INDUSTRIES, STOCKS).astype(np.int16)
    market = Market(dates, close, vwap, np.ones(close.shape, dtype=bool))
    return market, factor, log_cap, industry


def timed(run: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    run()
    return round(time.perf_counter() - start, 2)


def evaluate(
    market: Market, factor: np.ndarray, log_cap: np.ndarray, industry: np.ndarray
) -> dict[str, float]:
    """Seconds of each part of an evaluation at full size."""
    rng = np.random.default_rng(1)
    rows = np.arange(0, DAYS - STEP, STEP)
    shape = (len(rows), STOCKS)
    scores, caps = factor[rows], np.broadcast_to(log_cap, shape)
    industries = np.broadcast_to(industry, shape)
    styles = rng.normal(size=(*shape, STYLES)).astype(np.float32)
    masks = {name: rng.random(shape) < 0.02 for name in MASKS}
    at = _sections(market, rows, industries, caps)

    def ic(neutral: bool) -> None:
        values = neutralise(scores, industries, caps) if neutral else scores
        ic_block(values, at.returns(STEP), at)

    return {
        "IC and decay, raw": timed(lambda: ic(False)),
        "IC and decay, neutral": timed(lambda: ic(True)),
        "layers, three filters": timed(lambda: judge_layers(scores, at, masks)),
        "exposures": timed(
            lambda: judge_exposures(scores, styles, [str(k) for k in range(STYLES)], at.dates)
        ),
    }


def _sections(
    market: Market, rows: np.ndarray, industry: np.ndarray, log_cap: np.ndarray
) -> Sections:
    return Sections(
        options=EvaluationSettings(),
        market=market,
        rows=rows,
        industry=industry,
        industries=NAMES,
        log_cap=log_cap,
        price=market.close,
    )


def enhance(
    market: Market, factor: np.ndarray, log_cap: np.ndarray, industry: np.ndarray
) -> dict[str, object]:
    """Seconds of 500 weekly rebalances of a portfolio near an index of 500 names."""
    rows = rebalance_rows(market.dates, np.arange(DAYS))[:WEEKS]
    shape = (len(rows), STOCKS)
    nothing = np.zeros(shape, dtype=bool)
    masks, traded = dict.fromkeys(MASKS, nothing), np.isfinite(market.vwap[rows])
    order = np.argsort(-log_cap)
    weights = np.zeros(STOCKS)
    weights[order[300:800]] = np.exp(log_cap[order[300:800]])
    score = standardise(winsorise(factor[rows]))
    industries, caps = np.broadcast_to(industry, shape), np.broadcast_to(log_cap, shape)
    start = time.perf_counter()
    run = run_enhancement(
        score,
        _sections(market, rows, industries, caps),
        np.broadcast_to(weights, shape),
        next_day("none", masks, traded, nothing),
    )
    return {
        "programs": len(rows),
        "seconds": round(time.perf_counter() - start, 2),
        "relaxed": sum(step.rung != "exact" for step in run.plans),
        "largest residual": max(step.residual for step in run.plans),
    }


def against_alphalens(
    market: Market, factor: np.ndarray, industry: np.ndarray
) -> dict[str, object]:
    """Seconds of RankIC, RankIC by industry and quantile returns on the same sections."""
    from alphalens import performance, utils

    rows = np.arange(0, DAYS - STEP, STEP)[::EVERY]
    forward = forward_returns(market.close, rows, STEP)
    scores = np.where(np.isfinite(forward), factor[rows], np.nan)
    groups = np.broadcast_to(industry, scores.shape)
    index = pd.MultiIndex.from_product(
        [pd.DatetimeIndex(market.dates[rows]), range(STOCKS)], names=["date", "asset"]
    )
    long = pd.DataFrame(
        {"10D": forward.ravel(), "factor": scores.ravel(), "group": groups.ravel()}, index=index
    ).dropna()

    def theirs() -> None:
        data = long.assign(factor_quantile=utils.quantize_factor(long, quantiles=5))
        performance.factor_information_coefficient(data)
        performance.factor_information_coefficient(data, by_group=True)
        performance.mean_return_by_quantile(data, by_date=True)

    def ours() -> None:
        ic_summary(rank_correlation(scores, forward))
        ic_by_industry(scores, forward, groups, NAMES)
        layer = assign_layers(scores)
        for k in range(5):
            np.nanmean(np.where(layer == k, forward, np.nan), axis=1)

    quick, slow = timed(ours), timed(theirs)
    return {"sections": len(rows), "ours": quick, "alphalens": slow, "ratio": round(slow / quick)}


def main() -> None:
    """Run all three, print and keep the figures."""
    market, factor, log_cap, industry = simulate()
    worked = time.process_time()
    parts = evaluate(market, factor, log_cap, industry)
    worked = time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    figures: dict[str, object] = {
        "size": f"{DAYS} sessions x {STOCKS} stocks",
        "evaluation seconds": parts,
        "evaluation seconds in all": round(sum(parts.values()), 2),
        "evaluation CPU seconds": round(worked, 2),
        "peak GiB, input included": round(peak, 2),
        "enhancement": enhance(market, factor, log_cap, industry),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures["against alphalens"] = against_alphalens(market, factor, industry)
    write("evaluation", figures)


if __name__ == "__main__":
    main()
