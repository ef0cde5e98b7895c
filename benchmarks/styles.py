"""Seconds and memory of ten styles on a market of the real one's size.

    python -m benchmarks.styles [--days 3500] [--stocks 4000] [--out benchmarks/results/styles.json]

Budget: 3,500 days x 4,000 stocks, all 18 descriptors, under 90 s and 6 GB on 2 cores. Beside it,
the same Beta by the obvious loop over stocks, per stock and in the same run.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from datamodules.settings import StyleProfile
from datamodules.styles.price_volume import market_and_risk, market_returns
from datamodules.styles.styles import StyleInputs, compute_styles

MEGABYTE = 1 << 10
LOOPED = 20


def market(days: int, stocks: int) -> StyleInputs:
    rng = np.random.default_rng(0)
    returns = rng.standard_normal((days, stocks)) * 0.02 + 0.01 * rng.standard_normal((days, 1))
    close = 10 * np.exp(np.cumsum(returns, axis=0))
    returns[rng.random((days, stocks), dtype=np.float32) < 0.04] = np.nan
    turn = np.exp(rng.standard_normal((days, stocks), dtype=np.float32) - 4)
    cap = close * np.exp(rng.normal(18, 1, stocks))
    codes = np.array([f"SH{600000 + k}" for k in range(stocks)])
    dates = np.datetime64("2008-01-01") + (np.arange(days) * 365) // 250
    return StyleInputs(
        dates=dates,
        codes=codes,
        close=close,
        returns=returns,
        turn=np.where(np.isnan(returns), np.float32(0), turn),
        float_cap=cap,
        industry=np.broadcast_to(rng.integers(0, 30, stocks).astype(np.int16), (days, stocks)),
        universe=rng.random((days, stocks), dtype=np.float32) < 0.9,
        total_cap=cap * 1.3,
        fundamentals=accounts(codes, dates),
    )


def accounts(codes: np.ndarray, dates: np.ndarray) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    ends = pd.date_range(dates[0] - np.timedelta64(2200, "D"), dates[-1], freq="QE")
    table = pd.MultiIndex.from_product([codes, ends], names=["code", "period_end"])
    table = table.to_frame(index=False)
    table["announced"] = table["period_end"] + pd.to_timedelta(
        rng.integers(20, 110, len(table)), unit="D"
    )
    for name in ("net_profit_ytd", "revenue_ytd", "operating_cash_flow_ytd", "equity",
                 "total_assets", "total_liabilities", "noncurrent_liabilities"):  # fmt: skip
        table[name] = np.exp(rng.normal(20, 1, len(table)))
    return table


def beta_by_loop(inputs: StyleInputs, series: np.ndarray, profile: StyleProfile) -> None:
    days = profile.beta_days
    weights = 0.5 ** (np.arange(days)[::-1] / profile.beta_half_life)
    x = sliding_window_view(series, days)
    for n in range(LOOPED):
        y = sliding_window_view(inputs.returns[:, n], days)
        share = np.where(np.isfinite(x * y), weights, 0.0)
        xs, ys = np.nan_to_num(x), np.nan_to_num(y)
        total, sx, sy = share.sum(1), (share * xs).sum(1), (share * ys).sum(1)
        _ = ((share * xs * ys).sum(1) * total - sx * sy) / ((share * xs**2).sum(1) * total - sx**2)


def clock(call: object, *arguments: object) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def all_betas(inputs: StyleInputs, series: np.ndarray, profile: StyleProfile) -> None:
    for start in range(0, len(series), 64):
        market_and_risk(inputs.returns, series, start, 64, profile)


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=3500)
    parser.add_argument("--stocks", type=int, default=4000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    inputs, profile = market(options.days, options.stocks), StyleProfile()
    before, load = peak_mb(), os.getloadavg()[0]
    cpu = time.process_time()
    seconds = clock(compute_styles, inputs, profile, "all")
    cpu = time.process_time() - cpu
    peak = peak_mb()
    series = market_returns(inputs.returns, inputs.float_cap, inputs.universe, None)
    loop = clock(beta_by_loop, inputs, series, profile) / LOOPED
    ours = clock(all_betas, inputs, series, profile) / options.stocks
    result = {
        "days": options.days,
        "stocks": options.stocks,
        "reports": len(inputs.fundamentals),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "load_before": round(load, 1),
        "peak_mb": peak,
        "inputs_mb": before,
        "beta_loop_ms_per_stock": round(loop * 1e3, 2),
        "beta_hsigma_dastd_rstr_ms_per_stock": round(ours * 1e3, 2),
        "loop_to_ours": round(loop / ours, 1),
    }
    print(json.dumps(result, indent=2))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
