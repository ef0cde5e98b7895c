import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from alphanet_pl.config.settings import LossSettings, ModelSettings, Settings, TrainerSettings
from alphanet_pl.fit.folder import Fit, fit_hash, model_identity, same_settings
from alphanet_pl.model.losses import LOSSES
from alphanet_pl.model.module import NETWORKS, OPTIMISERS, AlphaNetModule
from datamodules.base.errors import ConfigError, FitError
from datamodules.batches.windows import windows_of

SOURCE = """
import torch
from torch import Tensor, nn

from alphanet_pl.model.losses import DateError
from alphanet_pl.model.operators import SixOperators
from datamodules.batches.windows import Operators


class Head(nn.Module):
    takes = "windows"

    def __init__(self, features: int, heads: int = 1) -> None:
        super().__init__()
        self.layer = nn.Linear(features, heads)

    def forward(self, features_SWC: Tensor) -> Tensor:
        return self.layer(features_SWC[:, -1]).mean(-1)


class OfPictures(nn.Module):
    takes = "pictures"

    def __init__(self, channels: int, picture_days: int) -> None:
        super().__init__()
        self.layer = nn.Linear(channels * picture_days, 1)

    def forward(self, pictures_SFT: Tensor) -> Tensor:
        return self.layer(pictures_SFT.flatten(1)).squeeze(-1)


class Silent(Head):
    takes = None


class Wide(Head):
    def forward(self, features_SWC: Tensor) -> Tensor:
        return self.layer(features_SWC[:, -1])


class Sums(SixOperators):
    def width(self, channels: int) -> int:
        return channels

    def __call__(self, days_FTN: Tensor) -> Tensor:
        return days_FTN.sum(1)


class Bare(Operators):
    days, stride = 10, 10

    def width(self, channels: int) -> int:
        return channels

    def __call__(self, days_FTN: Tensor) -> Tensor:
        return days_FTN.sum(1)


class Powers(Bare):
    def __init__(self, power):
        self.power = power


class Covariance(DateError):
    def __call__(self, prediction, label, weight):
        return -(weight * prediction * label).mean()
"""


@pytest.fixture
def own(tmp_path, monkeypatch) -> str:
    """Name of a module of the user's."""
    name = f"own_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def with_network(name: str, **more: object) -> Settings:
    return Settings(model=ModelSettings(network=name, **more))


def pictures(stocks: int = 9) -> torch.Tensor:
    generator = torch.Generator().manual_seed(stocks)
    return torch.randn(stocks, 15, 30, generator=generator).exp()


def test_a_network_of_windows_is_given_their_features(own):
    module = AlphaNetModule.create(with_network(f"{own}.Head", arguments={"heads": 2}))
    prediction = module(windows_of(pictures(), module.takes.operators))
    assert prediction.shape == (9,)
    torch.testing.assert_close(prediction, module(pictures()))
    assert module.parameter_fingerprint() == (2 * 271,)
    assert len(module.sampled) == 15


def test_a_network_of_pictures_is_given_those(own):
    module = AlphaNetModule.create(with_network(f"{own}.OfPictures"))
    assert module.takes is None
    assert module(pictures()).shape == (9,)


def test_initial_weights_of_an_own_network_follow_from_the_seed(own):
    settings = with_network(f"{own}.Head")
    first, second, other = (
        AlphaNetModule.create(replace(settings, seed=seed)).network.layer.weight
        for seed in (1, 1, 2)
    )
    assert first.equal(second)
    assert not first.equal(other)


def test_own_operators_make_the_features(own):
    module = AlphaNetModule.create(Settings(model=ModelSettings(operators=f"{own}.Sums")))
    assert module.parameter_fingerprint()[0] == 2 * 15
    assert module(pictures()).isfinite().all()


def test_own_operators_that_ask_for_more_than_a_window_are_refused(own):
    with pytest.raises(ConfigError, match=r"it takes power, .* none of days, stride") as refused:
        AlphaNetModule.create(Settings(model=ModelSettings(operators=f"{own}.Powers")))
    assert refused.value.hint == "a default for power"


def test_own_operators_without_pairs_take_no_sample(own):
    with pytest.raises(ConfigError, match=r"HINT: model\.n=15"):
        AlphaNetModule.create(Settings(model=ModelSettings(operators=f"{own}.Bare", n=8)))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("alphanets", {}, "HINT: model.network=alphanet"),
        ("os.system", {}, "torch.nn.modules.module.Module"),
        ("OWN.Covariance", {}, "derives from"),
        ("OWN.Heat", {}, "HINT: model.network=OWN.Head"),
        ("nowhere.Net", {}, "nowhere cannot be imported"),
        ("OWN.Head", {"head": 2}, "HINT: model.arguments.heads=2"),
        ("alphanet", {"dropout": 0.1}, "model.arguments.dropout was given"),
        ("alphanet", {"n": 8}, "HINT: model.n=8"),
        ("alphanet", {"seed": 3}, "HINT: seed=3"),
        ("alphanet", {"channels": 3}, "HINT: leave it out"),
        ("ridge", {"foo": 3}, "HINT: leave it out"),
        ("v3", {"short": 1}, "windows of so many days fill a picture of 30 whole"),
        ("v3", {"short": 40}, "windows of so many days fill a picture of 30 whole"),
        ("OWN.Silent", {}, 'HINT: write takes = "windows" into Silent'),
        ("v1", {"dropout": 2.0}, "model.arguments={'dropout': 2.0} was given: v1 refuses it"),
        ("reversal", {"days": 30}, "a picture has 30 sessions"),
        ("reversal", {"days": -5}, "model.arguments.days=-5 was given"),
    ],
)
def test_what_is_no_network_is_refused(own, name, arguments, words):
    settings = with_network(name.replace("OWN", own), arguments=arguments)
    with pytest.raises(ConfigError) as refused:
        AlphaNetModule.create(settings)
    assert words.replace("OWN", own) in str(refused.value)


def test_a_prediction_of_another_shape_is_refused(own):
    module = AlphaNetModule.create(with_network(f"{own}.Wide"))
    with pytest.raises(ConfigError, match=r"the network gave \(9, 1\) for 9 stocks"):
        module(pictures())


@pytest.mark.parametrize("place", ["model", "loss", "optimiser"])
def test_a_checkpoint_that_names_a_function_is_refused_and_nothing_is_called(
    tmp_path, monkeypatch, place
):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    module = AlphaNetModule.create(Settings())
    named = {
        "model": {"model": dict(module.hparams["model"]) | {"network": "os.system"}},
        "loss": {"loss": dict(module.hparams["loss"]) | {"error": "os.system"}},
        "optimiser": {"optimiser": ("os.system", {})},
    }
    checkpoint = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams) | named[place],
        "pytorch-lightning_version": "2.6.0",
    }
    torch.save(checkpoint, tmp_path / "best.ckpt")
    with pytest.raises(FitError, match=r"a fit names os.system(.|\n)*never from a file"):
        Fit(tmp_path, {}).load()
    assert called == []


def test_a_checkpoint_of_an_own_network_needs_it_in_the_settings(own, tmp_path):
    settings = with_network(f"{own}.Head")
    module = AlphaNetModule.create(settings)
    hparams = dict(module.hparams)
    with pytest.raises(FitError, match="never from a file"):
        AlphaNetModule(**(hparams | {"model": hparams["model"] | {"network": "another.Head"}}))
    assert AlphaNetModule(**hparams).network.layer.out_features == 1


def test_a_fit_is_named_by_the_source_of_its_own_classes(own, tmp_path):
    settings = Settings(
        model=ModelSettings(network=f"{own}.Head"), loss=LossSettings(error=f"{own}.Covariance")
    )
    identity, before = model_identity(settings), fit_hash(settings, "d", "f")
    assert set(identity["sources"]) == {"model.network", "loss.error"}
    assert same_settings(identity, settings)
    path = tmp_path / f"{own}.py"
    assert Path(str(sys.modules[own].__file__)) == path
    path.write_text(SOURCE + "# another\n")
    assert fit_hash(settings, "d", "f") != before
    assert not same_settings(identity, settings)


def test_an_optimiser_is_pytorchs_or_ones_own():
    trainer = TrainerSettings(optimiser="torch.optim.SGD", optimiser_arguments={"momentum": 0.5})
    settings = Settings(trainer=trainer)
    optimiser = AlphaNetModule.create(settings).configure_optimizers()
    assert isinstance(optimiser, torch.optim.SGD)
    assert optimiser.defaults["momentum"] == 0.5
    assert "sources" not in model_identity(settings)
    default = AlphaNetModule.create(Settings()).configure_optimizers()
    assert isinstance(default, torch.optim.Adam)
    assert default.defaults["fused"]


def test_a_learning_rate_is_given_in_one_place():
    settings = Settings(trainer=TrainerSettings(optimiser_arguments={"lr": 0.5}))
    with pytest.raises(ConfigError, match="follows from other settings") as refused:
        AlphaNetModule.create(settings).configure_optimizers()
    assert "HINT: trainer.learning_rate=0.5" in str(refused.value)


def test_every_kind_ships_its_default():
    assert ModelSettings().network in NETWORKS.shipped
    assert LossSettings().error in LOSSES.shipped
    assert TrainerSettings().optimiser in OPTIMISERS.shipped
