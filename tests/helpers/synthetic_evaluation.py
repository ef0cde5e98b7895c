"""An evaluation of random numbers with every part, for the tests of figures and page."""

from dataclasses import replace

import numpy as np
import pandas as pd

from alphanet_pl.config.settings import EvaluationSettings
from alphanet_pl.evaluation.pair_coverage import PairCoverage
from alphanet_pl.evaluation.portfolio.enhancement import (
    EnhancementResult,
    Relaxation,
    YearlyResult,
    judge_enhancement,
    judge_years,
    rebalance_rows,
    run_enhancement,
)
from alphanet_pl.evaluation.portfolio.layers import judge_layers
from alphanet_pl.evaluation.portfolio.tradability import MASKS, next_day
from alphanet_pl.evaluation.results import Evaluation, Provenance
from alphanet_pl.evaluation.signal.cross_sections import Sections, StockCoverage
from alphanet_pl.evaluation.signal.exposures import judge_exposures
from alphanet_pl.evaluation.signal.ic import ICResult, achievable, ic_block
from alphanet_pl.evaluation.signal.prices import Market

DAYS, STOCKS, STEP = 90, 40, 10
INDUSTRIES = ("Banks", "Steel <& iron>", "Media")


def synthetic_evaluation(variant: str = "v2.1", seed: int = 3) -> Evaluation:
    """Every part present, 90 days of 40 stocks."""
    rng = np.random.default_rng(3)  # the same market for every seed of the factor
    dates = pd.bdate_range("2014-10-01", periods=DAYS).to_numpy().astype("datetime64[D]")
    close = np.exp(np.cumsum(rng.normal(0, 0.02, (DAYS, STOCKS)), axis=0))
    market = Market(dates, close, close * 1.001, np.ones(close.shape, dtype=bool))
    rows = np.arange(0, DAYS - STEP, STEP)
    factor = np.random.default_rng(seed).normal(size=(DAYS, STOCKS))
    industry = np.broadcast_to(np.arange(STOCKS) % len(INDUSTRIES), factor.shape)
    log_cap = np.broadcast_to(rng.normal(22, 1, STOCKS), factor.shape)
    at = _sections(market, rows, industry, log_cap)
    forward = at.returns(STEP)
    block = ic_block(factor[rows], forward, at)
    masks = dict.fromkeys(MASKS, np.zeros((len(rows), STOCKS), dtype=bool))
    enhancement, yearly = _enhance(market, factor, industry, log_cap)
    styles = rng.normal(size=(len(rows), STOCKS, 2))
    return Evaluation(
        variant=variant,
        start=str(dates[0]),
        stop=str(dates[-1]),
        ic=ICResult(
            horizon=STEP, step=STEP, label="close", filter="report", neutral=block, raw=block,
            achievable=achievable(factor[rows], forward, forward),
        ),
        layers=judge_layers(factor[rows], at, masks),
        enhancement=enhancement,
        yearly=yearly,
        exposures=judge_exposures(
            factor[rows], styles, ["size", "beta"], dates[rows], factor[rows]
        ),
        stock_coverage=StockCoverage(
            dates=dates[rows].astype(str).tolist(), scored=[30] * len(rows),
            universe=[40] * len(rows), mean_share=0.75,
        ),
        pair_coverage=PairCoverage(n=8, models=10, share=0.97, exact=0.9555, printed=0.9552),
        provenance=Provenance(
            source="parquet", data="source parquet, 40 stocks", lacks=["There is no <free_turn>."],
            seeds=list(range(10)), drops={"suspended": 1234}, settings={"data": {"horizon": 10}},
        ),
    )  # fmt: skip


def _sections(
    market: Market, rows: np.ndarray, industry: np.ndarray, log_cap: np.ndarray
) -> Sections:
    return Sections(
        options=EvaluationSettings(),
        market=market,
        rows=rows,
        industry=industry[rows],
        industries=INDUSTRIES,
        log_cap=log_cap[rows],
        price=market.close,
    )


def _enhance(
    market: Market, factor: np.ndarray, industry: np.ndarray, log_cap: np.ndarray
) -> tuple[EnhancementResult, YearlyResult]:
    weeks = rebalance_rows(market.dates, np.arange(DAYS))
    nothing = np.zeros((len(weeks), STOCKS), dtype=bool)
    run = run_enhancement(
        factor[weeks],
        _sections(market, weeks, industry, log_cap),
        np.full((len(weeks), STOCKS), 1 / STOCKS),
        next_day("none", dict.fromkeys(MASKS, nothing), ~nothing, nothing),
    )
    index = market.close.mean(axis=1)
    returns = (index[1:] / index[:-1] - 1.0)[-len(run.dates) :]
    found = judge_enhancement(run, returns)
    relaxed = [Relaxation(date="2014-10-31", rung="neutrality", detail="neutral within 0.10%")]
    return replace(found, filter="none", relaxed=relaxed), judge_years(run, returns)
