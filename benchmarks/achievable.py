"""Share of the achievable RankIC that a fit reaches out of sample on simulated markets, over seeds.

python -m benchmarks.achievable FOLDER                    the demo's market, five times
python -m benchmarks.achievable FOLDER 3000               3,000 stocks, one market, five model seeds
python -m benchmarks.achievable FOLDER 3000 variant=v2    the same with any settings of the demo's
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.signal.cross_sections import forward_returns, sections
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.fit.fits import Fit
from alphanet_pl.fit.train import train
from benchmarks.race import RESULTS
from datamodules.market.market import simulate
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.tables.load import load_tables

_SEEDS = range(5)
_DEMO_STOCKS = 300
_MARKET = 7001
"""First market seed: not one of 2021-2025, on which the market was calibrated."""


def main() -> None:
    """Fit five seeds, print each share, their mean and the ensemble's; keep them under results/."""
    folder = Path(sys.argv[1])
    stocks = int(sys.argv[2]) if len(sys.argv) > 2 else _DEMO_STOCKS
    words = sys.argv[3:]
    small = stocks == _DEMO_STOCKS
    rows, fits = [], []
    for seed in _SEEDS:
        settings = _settings(folder, stocks, words, seed, small=small)
        panel = _panel(settings)
        settings.asof = str(panel.dates[settings.data.in_sample_days + panel.picture_days])
        fits.append(train(settings))
        rows.append({"seed": seed, **_outcome(panel, fits[-1:])})
        print(rows[-1], flush=True)
    mean = round(float(np.mean([row["share"] for row in rows])), 3)
    result = {"stocks": stocks, "overrides": words, "mean share": mean}
    print("mean share", mean)
    if not small:  # one market for all seeds: they are an ensemble
        result["ensemble"] = _outcome(panel, fits)
        print("ensemble", result["ensemble"])
    name = "_".join(["achievable", str(stocks), *(word.split("=")[1] for word in words)])
    (RESULTS / f"{name}.json").write_text(json.dumps(result | {"seeds": rows}, indent=2) + "\n")


def _settings(folder: Path, stocks: int, words: list[str], seed: int, *, small: bool) -> Settings:
    market = _MARKET + seed * small
    common = [
        f"runs={folder}/{stocks}-{market}",
        f"data.market.stocks={stocks}",
        f"data.market.seed={market}",
        f"seed={seed}",
        "trainer.threads=1",
        "trainer.progress=false",
    ]
    # A large market's cross-section is a batch of the report's size: its own protocol serves,
    # with its 1,500 in-sample days.
    own = [
        "data.market.days=1800",
        "data.in_sample_days=1500",
        "data.dates_per_step=1",
        "model.batch_norm_momentum=0.99",
        "trainer.learning_rate=1e-4",
        "trainer.max_epochs=200",
    ]
    return load_settings("demo", [*common, *([] if small else own), *words])


def _panel(settings: Settings) -> Panel:
    data = settings.data
    if not Path(data.panel).exists():
        simulate(data.market, Path(data.path))
        prepare(load_tables(data), Path(data.panel), replace(data, styles="none"))
    return Panel.open(data.panel)


def _outcome(panel: Panel, fits: list[Fit]) -> dict[str, float]:
    """Mean RankIC over non-overlapping sections of the fits and of the truth, same stocks."""
    first = panel.session_on_or_before(fits[0].asof)
    rows = sections(first, len(panel.dates) - panel.horizon, panel.horizon)
    table = score(panel, rows, fits)
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    dates = table["date"].to_numpy().astype("datetime64[D]")
    columns = np.searchsorted(panel.codes, table["code"].to_numpy().astype(str))
    dense[np.searchsorted(panel.dates, dates), columns] = table["factor"]
    factor = dense[rows]
    truth = np.where(np.isfinite(factor), panel.read("true_return")[rows], np.nan)
    forward = forward_returns(panel.read("close"), rows, panel.horizon)
    reached, best, agreement = (
        float(np.nanmean(rank_correlation(*pair)))
        for pair in ((factor, forward), (truth, forward), (factor, truth))
    )
    return {
        "rank_ic": round(reached, 4),
        "achievable": round(best, 4),
        "share": round(reached / best, 3),
        "rank_correlation_with_truth": round(agreement, 3),
        "sections": len(rows),
    }


if __name__ == "__main__":
    main()
