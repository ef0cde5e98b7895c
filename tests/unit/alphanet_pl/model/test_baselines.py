"""Baselines against plain NumPy on the same cross-sections."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import rankdata

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import ModelSettings, Settings
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.train import check_model, train
from alphanet_pl.job.world import World
from alphanet_pl.model.baselines import PENALTIES, BoostedTrees, Reversal, Ridge, standing
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError
from datamodules.batches.datamodule import CrossSectionDataModule, LastRead
from datamodules.settings import DataSettings

DATA = DataSettings(panel="", in_sample_days=100)
FEW = {
    "rows": 0.5, "least": 5, "leaves": 4, "rate": 0.05, "bag": 0.5, "columns": 0.2,
    "trees": 12, "patience": 3,
}  # fmt: skip


CHOSEN = {"ridge": ["penalty"], "lightgbm": ["trees"], "reversal": []}


@pytest.fixture(scope="module")
def panel(small_panel):
    return small_panel.with_features(small_panel.features[3:7])


def cross_sections(panel, takes, last=None) -> CrossSectionDataModule:
    data = CrossSectionDataModule(panel, DATA, 280, 0, windows=takes, last=last)
    data.setup("fit")
    return data


def rows_of(dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features (S, P) and labels (S,) of each date, a feature after the other."""
    out = []
    for place in range(len(dataset)):
        section = dataset[place]
        features = section.windows.values.double().numpy()
        columns = []
        for window in features:
            for values in window:
                count = len(values)
                columns.append((rankdata(values) - (count + 1) / 2) / count * np.sqrt(12))
        out.append((np.stack(columns, axis=1), section.label.double().numpy()))
    return out


def centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=0)


def test_a_feature_is_seen_as_it_stands_among_its_own_date(panel):
    network = Ridge(channels=4)
    data = cross_sections(panel, network.takes)
    both = data.train[[0, 5]].windows
    dates = rows_of(data.train)
    expected = np.concatenate([dates[0][0], dates[5][0]])
    torch.testing.assert_close(standing(both), torch.tensor(expected).float(), rtol=1e-4, atol=1e-4)


def test_ridge_is_the_regression_whose_penalty_has_the_least_val_loss(panel):
    network = Ridge(channels=4)
    data = cross_sections(panel, network.takes)
    network.estimate(data)
    train, held = rows_of(data.train), rows_of(data.validation)
    x = np.concatenate([centred(features) for features, _ in train])
    y = np.concatenate([centred(label) for _, label in train])
    unit, width = np.trace(x.T @ x) / x.shape[1], x.shape[1]
    losses = {}
    for share in PENALTIES:
        rooted = np.sqrt(share * unit) * np.eye(width)
        weight = np.linalg.lstsq(
            np.concatenate([x, rooted]), np.concatenate([y, np.zeros(width)]), rcond=None
        )[0]
        errors = [centred(label) - centred(features) @ weight for features, label in held]
        losses[share] = np.mean(np.concatenate(errors) ** 2), weight
    best = min(losses, key=lambda share: losses[share][0])
    assert float(network.penalty) == pytest.approx(best, rel=1e-6)
    np.testing.assert_allclose(network.weight, losses[best][1], rtol=1e-3, atol=1e-5)
    section = data.validation[0]
    expected = held[0][0] @ losses[best][1]
    np.testing.assert_allclose(network(section.windows), expected, rtol=1e-3, atol=1e-4)


def test_seeds_share_what_does_not_follow_from_them(panel, monkeypatch):
    last, worked_out = LastRead(), []
    plain = BoostedTrees._bins

    def counted(self, *given):
        worked_out.append(self)
        return plain(self, *given)

    monkeypatch.setattr(BoostedTrees, "_bins", counted)
    scores = []
    for seed in (0, 1, 0):
        network = BoostedTrees(channels=4, seed=seed, **FEW)
        data = cross_sections(panel, network.takes, last)
        network.estimate(data)
        scores.append(network(data.validation[0].windows))
    assert len(worked_out) == 1
    assert scores[0].equal(scores[2])
    assert not scores[0].equal(scores[1])


def test_trees_of_other_rows_or_leaves_take_no_bins_of_another(panel):
    last, found = LastRead(), []
    for one in (last, last, None, None):
        changes = {"rows": 0.9, "least": 3} if len(found) % 2 else {}
        network = BoostedTrees(channels=4, **{**FEW, **changes})
        data = cross_sections(panel, network.takes, one)
        network.estimate(data)
        found.append(network(data.validation[0].windows))
    assert found[0].equal(found[2])
    assert found[1].equal(found[3])
    assert not found[0].equal(found[1])


def test_bins_do_not_follow_from_the_seed_of_the_first_fit(panel):
    last, first = LastRead(), BoostedTrees(channels=4, seed=3, **FEW)
    first.estimate(cross_sections(panel, first.takes, last))
    after, alone = (BoostedTrees(channels=4, seed=0, **FEW) for _ in range(2))
    data = cross_sections(panel, after.takes, last)
    after.estimate(data)
    alone.estimate(cross_sections(panel, alone.takes))
    windows = data.validation[0].windows
    assert after(windows).equal(alone(windows))


def test_leaves_too_large_for_any_split_are_refused(panel):
    network = BoostedTrees(channels=4, **{**FEW, "least": 10**6})
    with pytest.raises(ConfigError, match="no tree found a split") as refused:
        network.estimate(cross_sections(panel, network.takes))
    assert "HINT: model.arguments.least=100000" in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"rows": 0.0}, "rows is above 0, at most 1"),
        ({"columns": 2.0}, "columns is above 0, at most 1"),
        ({"leaves": 1}, "leaves is a whole number from 2 to 131072"),
        ({"leaves": 200_000}, "leaves is a whole number from 2 to 131072"),
        ({"leaves": 31.5}, "leaves is a whole number"),
        ({"rate": -1.0}, "rate is above 0"),
        ({"least": 0, "trees": 50.5}, "least is a whole number from 1 to .*; trees is a whole"),
    ],
)
def test_settings_of_trees_out_of_range_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        BoostedTrees(channels=4, **{**FEW, **wrong})


def test_a_share_of_rows_that_draws_none_is_refused(panel):
    network = BoostedTrees(channels=4, **{**FEW, "rows": 1e-9})
    with pytest.raises(ConfigError, match="no stock of any training date is drawn"):
        network.estimate(cross_sections(panel, network.takes))


@pytest.mark.parametrize("days", [0, 30, 2.5])
def test_days_that_a_picture_has_no_return_of_are_refused(days):
    with pytest.raises(ConfigError, match=r"HINT: model\.arguments=\{days: 20\}"):
        Reversal(channels=1, picture_days=30, days=days)


def test_reversal_reverses_the_close_and_nothing_else(tmp_path):
    words = ["variant=reversal", "data.panel=P", "data.features=[volume,close]"]
    with pytest.raises(ConfigError, match="takes the first of them for the close") as refused:
        AlphaNetModule.create(load_settings("train", words))
    assert "HINT: data.features=[close,volume]" in str(refused.value)


def test_what_is_estimated_sees_windows_unrounded():
    words = ["variant=ridge", "data.panel=P", "trainer.precision=bf16-mixed"]
    module = AlphaNetModule.create(load_settings("train", words))
    assert module.takes.dtype == torch.float32


def test_trees_fit_what_no_line_fits_and_stop_on_the_error_within_dates(panel):
    network = BoostedTrees(channels=4, **{**FEW, "trees": 60, "rate": 0.2, "columns": 1.0})
    data = cross_sections(panel, network.takes)
    for dataset in (data.train, data.validation):
        for place in range(len(dataset)):
            x = standing(dataset[place].windows)[:, 0].abs()
            dataset.labels[place][:] = x - x.mean() + 3 * place  # a level that ranks nothing
    network.estimate(data)
    section = data.validation[0]
    found = np.corrcoef(network(section.windows), section.label)[0, 1]
    assert found > 0.9
    assert network.parameter_fingerprint()[0] > 40


def test_a_reversal_is_minus_the_return_of_twenty_sessions(panel):
    pictures = torch.rand(5, 2, 30) + 1
    close = pictures[:, 0]
    for stock in range(5):
        expected = -(float(close[stock, 29]) / float(close[stock, 9]) - 1)
        assert float(Reversal(2, 30)(pictures)[stock]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["ridge", "lightgbm", "reversal"])
def test_a_fit_of_a_baseline_is_kept_judged_and_loaded_as_any_other(small_panel, tmp_path, name):
    settings = load_settings("train", [f"variant={name}", f"data.panel={small_panel.path}"])
    few = FEW if name == "lightgbm" else {}
    settings = replace(
        settings,
        runs=str(tmp_path),
        asof=str(small_panel.dates[280]),
        data=replace(settings.data, in_sample_days=100),
        model=replace(settings.model, arguments=few),
        trainer=replace(settings.trainer, threads=1, accelerator="cpu", progress=False),
    )
    fit = train(settings)
    assert (fit.record["status"], fit.record["epochs"], fit.record["best_epoch"]) == ("done", 1, 0)
    assert all(isinstance(number, int) for number in fit.record["parameters"])
    assert set(fit.record["metrics"]) == {"val/loss", "val/rank_ic"}
    assert train(settings).record == fit.record
    assert list(fit.record["chosen"]) == CHOSEN[name]
    module = Fit(fit.folder, fit.record).load()
    panel = small_panel.with_features(fit.features)
    data = CrossSectionDataModule(panel, settings.data, 280, 0, windows=module.takes)
    data.setup("fit")
    losses, counts = [], []
    for place in range(len(data.validation)):
        section = data.validation[place]
        errors = centred(section.label.numpy()) - centred(module(section.inputs).detach().numpy())
        losses.append(np.square(errors).sum())
        counts.append(len(errors))
    assert fit.record["metrics"]["val/loss"] == pytest.approx(sum(losses) / sum(counts), rel=1e-4)


def test_another_loss_than_the_one_that_is_minimised_is_refused(small_panel, tmp_path):
    words = ["variant=ridge", "loss=long_side", f"data.panel={small_panel.path}"]
    with pytest.raises(ConfigError, match=r"HINT: loss=mse"):
        train(replace(load_settings("train", words), runs=str(tmp_path)))


def test_an_estimate_is_one_process_work(small_panel):
    settings = load_settings("train", ["variant=ridge", f"data.panel={small_panel.path}"])
    check_model(small_panel, settings, World(nodes=1, per_node=1))
    with pytest.raises(ConfigError, match="given to 4 processes") as refused:
        check_model(small_panel, settings, World(nodes=2, per_node=2))
    assert "--ntasks-per-node=1" in refused.value.hint


def test_without_lightgbm_its_trees_say_what_to_install(monkeypatch, panel):
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    settings = Settings(model=ModelSettings(network="lightgbm", arguments=FEW))
    with pytest.raises(ConfigError, match=r"pip install 'alphanet-pl\[baselines\]'"):
        AlphaNetModule.create(settings)
