from dataclasses import replace

import pytest
import torch
from torch import nn

from alphanet_pl.config.settings import ModelSettings, Settings, TrainerSettings
from alphanet_pl.model import module
from alphanet_pl.model.module import AlphaNetModule
from datamodules.settings import DataSettings

HALF = Settings(
    data=DataSettings(panel="p"), trainer=TrainerSettings(precision="bf16-mixed"), seed=3
)


class Own(nn.Module):
    """A network of a user's own, whose one product says which type it was made in."""

    takes = "pictures"

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        product = self.linear(pictures[:, :, -1])
        self.made_in = product.dtype
        return product.squeeze(-1)


def test_windows_alone_are_half_precision():
    made = AlphaNetModule.create(HALF)
    assert made.takes.dtype == torch.bfloat16
    assert {p.dtype for p in made.parameters()} == {torch.float32}
    assert AlphaNetModule.create(replace(HALF, trainer=TrainerSettings())).takes.dtype == (
        torch.float32
    )


def test_a_checkpoint_scores_in_the_precision_that_it_was_trained_in():
    made = AlphaNetModule.create(HALF)
    assert AlphaNetModule(**made.hparams).takes.dtype == torch.bfloat16
    older = {name: value for name, value in made.hparams.items() if name != "precision"}
    assert AlphaNetModule(**older).takes.dtype == torch.float32


@pytest.mark.parametrize(
    ("precision", "kind"), [("bf16-mixed", torch.bfloat16), ("32-true", torch.float32)]
)
def test_products_of_a_user_s_network_follow_and_its_prediction_stays_float32(
    monkeypatch, precision, kind
):
    monkeypatch.setitem(module.NETWORKS.shipped, "own", Own)
    settings = replace(
        HALF,
        model=ModelSettings(network="own"),
        trainer=TrainerSettings(precision=precision),
    )
    made = AlphaNetModule.create(settings)
    prediction = made(torch.randn(7, 15, 30))
    assert prediction.dtype == torch.float32
    assert made.network.made_in == kind
    prediction.sum().backward()
    assert made.network.linear.weight.grad.dtype == torch.float32
