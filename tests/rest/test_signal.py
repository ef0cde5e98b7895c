"""A planted signal is found, and nothing is found where there is nothing."""

import numpy as np
import pytest

from alphanet_pl.config.settings import ModelSettings, Settings, TrainerSettings
from alphanet_pl.evaluation.signal.cross_sections import forward_returns, sections
from alphanet_pl.evaluation.signal.ic import ICSummary, ic_summary
from alphanet_pl.evaluation.signal.ranks import rank_correlation
from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.train import train
from datamodules.batches import datamodule
from datamodules.batches.cross_sections import Membership, read_membership
from datamodules.market.market import simulate
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings, MarketSettings
from datamodules.tables.load import load_tables

DAYS, ASOF = 900, 630
SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Panel:
    folder = tmp_path_factory.mktemp("signal")
    # of 0.2, not the default's 0.11: 27 cross-sections could hide the weaker one behind their noise
    simulate(MarketSettings(stocks=400, days=DAYS, rank_ic=0.2), folder / "tables")
    data = DataSettings(source="simulated", path=str(folder / "tables"), styles="none")
    return prepare(load_tables(data), folder / "panel.zarr", data)


def _settings(panel: Panel, runs, seed: int) -> Settings:
    return Settings(
        variant="v2.1",
        seed=seed,
        asof=str(panel.dates[ASOF]),
        runs=str(runs),
        data=DataSettings(panel=str(panel.path), in_sample_days=600, dates_per_step=4),
        model=ModelSettings(n=8, batch_norm_momentum=0.9),
        trainer=TrainerSettings(
            max_epochs=5, learning_rate=1e-3, threads=1, accelerator="cpu", progress=False
        ),
    )


def _rank_ic(panel: Panel, fit: Fit) -> ICSummary:
    rows = sections(ASOF, DAYS - 10, 10)
    table = score(panel, rows, [fit])
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    where = np.searchsorted(panel.dates, table["date"].to_numpy().astype("datetime64[D]"))
    dense[where, np.searchsorted(panel.codes, table["code"].to_numpy().astype(str))] = table[
        "factor"
    ]
    forward = forward_returns(panel.read("close"), rows, 10)
    return ic_summary(rank_correlation(dense[rows], forward))


def test_a_planted_signal_is_found_out_of_sample(market, tmp_path):
    found = _rank_ic(market, train(_settings(market, tmp_path, 0)))
    assert found.mean > 3 * found.standard_error


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_found_when_labels_are_shuffled(market, tmp_path, monkeypatch, seed):
    def shuffled(
        panel: Panel, settings: DataSettings, sessions: np.ndarray, least: int
    ) -> Membership:
        true = read_membership(panel, settings, sessions, least)
        rng = np.random.default_rng([seed, len(sessions)])
        for row, members in zip(true.labels, true.members, strict=True):
            row[members] = rng.permutation(row[members])
        return true

    monkeypatch.setattr(datamodule, "read_membership", shuffled)
    found = _rank_ic(market, train(_settings(market, tmp_path, seed)))
    assert abs(found.mean) < 3 * found.standard_error
