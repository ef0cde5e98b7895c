"""An evaluation of random numbers with every section, for the tests of figures and report."""

import numpy as np
import pandas as pd

from alphanet_pl.evaluation.portfolio.enhancement import rebalance_rows, run_enhancement
from alphanet_pl.evaluation.portfolio.enhancement_table import enhancement_section, yearly_section
from alphanet_pl.evaluation.portfolio.layer_table import layers_section
from alphanet_pl.evaluation.portfolio.prices import Market
from alphanet_pl.evaluation.portfolio.tradability import MASKS, next_day
from alphanet_pl.evaluation.results import (
    Evaluation,
    ICSection,
    PairCoverage,
    Provenance,
    StockCoverage,
    new_evaluation,
)
from alphanet_pl.evaluation.signal.exposures import exposures_section
from alphanet_pl.evaluation.signal.ic import achievable, forward_returns, ic_block

DAYS, STOCKS, STEP = 90, 40, 10
INDUSTRIES = ("Banks", "Steel <& iron>", "Media")


def synthetic_evaluation(variant: str = "v2.1", seed: int = 3) -> Evaluation:
    """Every section present, 90 days of 40 stocks."""
    rng = np.random.default_rng(3)  # the same market for every seed of the factor
    dates = pd.bdate_range("2014-10-01", periods=DAYS).to_numpy().astype("datetime64[D]")
    close = np.exp(np.cumsum(rng.normal(0, 0.02, (DAYS, STOCKS)), axis=0))
    market = Market(dates, close, close * 1.001, np.ones(close.shape, dtype=bool))
    rows = np.arange(0, DAYS - STEP, STEP)
    factor = np.random.default_rng(seed).normal(size=(DAYS, STOCKS))
    industry = np.broadcast_to(np.arange(STOCKS) % len(INDUSTRIES), factor.shape)
    log_cap = np.broadcast_to(rng.normal(22, 1, STOCKS), factor.shape)
    out = new_evaluation(variant, str(dates[0]), str(dates[-1]))
    forward = forward_returns(close, rows, STEP)
    block = ic_block(
        factor[rows], forward, dates[rows], price=close, rows=rows, industry=industry[rows],
        names=INDUSTRIES, log_cap=log_cap[rows],
    )  # fmt: skip
    out["ic"] = ICSection(
        horizon=STEP, step=STEP, label="close", filter="report", neutral=block, raw=block,
        achievable=achievable(factor[rows], forward, forward),
    )  # fmt: skip
    masks = dict.fromkeys(MASKS, np.zeros((len(rows), STOCKS), dtype=bool))
    out["layers"] = layers_section(
        factor[rows], market, rows, industry=industry[rows], log_cap=log_cap[rows], masks=masks
    )
    _enhance(out, market, factor, industry, log_cap)
    styles = rng.normal(size=(len(rows), STOCKS, 2))
    out["exposures"] = exposures_section(
        factor[rows], styles, ["size", "beta"], dates[rows], factor[rows]
    )
    days = dates[rows].astype(str).tolist()
    out["stock_coverage"] = StockCoverage(
        dates=days, scored=[30] * len(rows), universe=[40] * len(rows), mean_share=0.75
    )
    out["pair_coverage"] = PairCoverage(n=8, models=10, share=0.97, exact=0.9555, printed=0.9552)
    out["provenance"] = Provenance(
        source="parquet", data="source parquet, 40 stocks", lacks=["There is no <free_turn>."],
        seeds=list(range(10)), drops={"suspended": 1234}, settings={"data": {"horizon": 10}},
    )  # fmt: skip
    return out


def _enhance(
    out: Evaluation,
    market: Market,
    factor: np.ndarray,
    industry: np.ndarray,
    log_cap: np.ndarray,
) -> None:
    weeks = rebalance_rows(market.dates, 0, DAYS)
    nothing = dict.fromkeys(MASKS, np.zeros((len(weeks), STOCKS), dtype=bool))
    run = run_enhancement(
        factor[weeks],
        market,
        weeks,
        benchmark=np.full((len(weeks), STOCKS), 1 / STOCKS),
        industry=industry[weeks],
        log_cap=log_cap[weeks],
        next_day=next_day("none", nothing, np.ones((len(weeks), STOCKS), dtype=bool)),
    )
    index = market.close.mean(axis=1)
    returns = (index[1:] / index[:-1] - 1.0)[-len(run.dates) :]
    out["enhancement"] = enhancement_section(run, returns, index="csi500", filter_mode="none")
    out["enhancement"]["relaxed"] = [
        {"date": "2014-10-31", "rung": "neutrality", "detail": "neutral within 0.10%"}
    ]
    out["yearly"] = yearly_section(run, returns)
