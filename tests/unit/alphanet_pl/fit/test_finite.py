"""A loss that is no number ends the fit, in one sentence; without its cause the fit is trained."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.finite import FiniteLoss, Step
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.train import train
from alphanet_pl.model.losses import Loss
from datamodules.base.errors import FitError
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings
from datamodules.tables.load import load_tables

BEYOND = 1e30
"""Shares: the square is beyond float32, so that the operators themselves overflow."""


def words_for(panel: Path, runs: Path, *more: str) -> Settings:
    words = (
        "variant=v2.1", f"runs={runs}", f"data.panel={panel}", "asof=2012-01-10",
        "data.in_sample_days=180", "trainer.max_epochs=2", "trainer.learning_rate=1e-3",
        "trainer.accelerator=cpu", "trainer.threads=1", "trainer.progress=false",
    )  # fmt: skip
    return load_settings("train", [*words, *more])


def prepared(tables: Path, to: Path, volume: float | None) -> Path:
    """The panel of these tables, three volumes of 150 sessions before their end replaced.

    After the tables are checked: they refuse what no market trades.
    """
    data = DataSettings(source="simulated", path=str(tables), styles="none")
    found = load_tables(data)
    if volume is not None:
        quotes = found.quotes
        days = quotes["date"].unique()
        known = quotes.index[quotes["traded"] & (quotes["date"] == days[150])]
        volumes = quotes["volume"].where(~quotes.index.isin(known[[3, 5, 8]]), volume)
        found = replace(found, quotes=quotes.assign(volume=volumes))
    shutil.rmtree(to, ignore_errors=True)
    prepare(found, to, data)
    return to


@pytest.fixture
def settings(small_panel: Panel, tmp_path) -> Settings:
    return words_for(small_panel.path, tmp_path)


def record_of(settings: Settings) -> dict:
    """The only fit's record, which is JSON without nan."""
    (path,) = Path(settings.runs).glob("*/*/*/*/fit.json")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(path.read_text(), parse_constant=refuse)


def weights(fit: Fit, name: str = "best.ckpt") -> dict[str, torch.Tensor]:
    return torch.load(fit.folder / name, weights_only=True)["state_dict"]


def test_three_absurd_volumes_train_through(small_tables, tmp_path):
    panel = prepared(small_tables, tmp_path / "panel.zarr", 9e18)
    fit = train(words_for(panel, tmp_path / "runs"))
    assert record_of(words_for(panel, tmp_path / "runs"))["status"] == "done"
    assert all(weight.isfinite().all() for weight in weights(fit).values())


def test_absurd_volumes_are_named_and_once_they_are_gone_the_fit_is_trained(small_tables, tmp_path):
    panel = prepared(small_tables, tmp_path / "panel.zarr", BEYOND)
    settings = words_for(panel, tmp_path / "runs")
    with pytest.raises(FitError, match=r"the training loss is (nan|inf) \(epoch 0, step") as said:
        train(settings)
    assert re.match(r"volume/low reaches 7\.1e\+28 where \S+ is usual, at S", said.value.needed)
    assert said.value.needed.count(" on 2011-") == 2  # one of the three is in another section
    assert "data.scale.quotes.volume" in said.value.hint
    assert record_of(settings)["status"] == "failed"
    assert not list(tmp_path.glob("runs/**/*.ckpt"))
    prepared(small_tables, panel, None)
    assert train(settings).record["status"] == "done"


def test_a_rate_that_no_weight_survives_is_named_and_another_trains(settings):
    wild = replace(settings, trainer=replace(settings.trainer, learning_rate=1e30))
    for _ in range(2):
        with pytest.raises(FitError, match=r"the training loss is (nan|inf)") as said:
            train(wild)
        assert "trainer.learning_rate" in said.value.hint
        assert record_of(wild)["status"] == "failed"
    assert not list(Path(settings.runs).glob("**/*.ckpt"))
    assert train(settings).record["status"] == "done"


def test_a_validation_that_fails_is_no_best_epoch_and_the_same_command_ends_the_fit(
    settings, monkeypatch
):
    seen, selection = [], Loss.selection

    def fails_in_the_second_epoch(self, prediction, batch):
        seen.append(int(batch.date[0]))
        value = selection(self, prediction, batch)
        return value * torch.nan if seen.count(seen[-1]) == 2 else value

    with monkeypatch.context() as patch:
        patch.setattr(Loss, "selection", fails_in_the_second_epoch)
        with pytest.raises(FitError, match=r"the validation loss is nan \(epoch 1\)"):
            train(settings)
    assert record_of(settings)["status"] == "failed"
    fit = train(settings)
    undisturbed = train(replace(settings, experiment="undisturbed"))
    for name in ("best.ckpt", "last.ckpt"):
        other = weights(undisturbed, name)
        assert all(weight.equal(other[key]) for key, weight in weights(fit, name).items())


def test_a_checkpoint_without_finite_weights_is_not_resumed(settings, capsys):
    fit = train(settings)
    kept = weights(fit)
    content = torch.load(fit.folder / "last.ckpt", weights_only=True)
    content["state_dict"]["network.head.bias"] *= torch.nan
    for name in ("last.ckpt", "previous.ckpt"):
        torch.save(content, fit.folder / name)
    (fit.folder / "fit.json").write_text(json.dumps(fit.record | {"status": "failed"}))
    again = train(settings)
    assert "last.ckpt holds weights that are not finite" in capsys.readouterr().err
    assert all(weight.equal(kept[key]) for key, weight in weights(again).items())


class Arrives:
    """A GPU's event, waited for."""

    waited = False

    def synchronize(self) -> None:
        self.waited = True


@pytest.mark.parametrize("hook", ["on_validation_start", "on_save_checkpoint"])
def test_an_answer_on_its_way_from_a_gpu_is_read_before_a_save_or_a_validation(hook):
    callback, event = FiniteLoss(), Arrives()
    callback._step = Step(torch.tensor(0.5), None, torch.tensor(1), event, "epoch 0, step 7")
    given = (None, None, {}) if hook == "on_save_checkpoint" else (None, None)
    with pytest.raises(FitError, match=r"not finite any more \(epoch 0, step 7\): another process"):
        getattr(callback, hook)(*given)
    assert event.waited
