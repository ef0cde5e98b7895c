"""The LightningModule: AlphaNet, its loss and its optimiser."""

from dataclasses import asdict
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics import MeanMetric

from alphanet_pl.config.settings import LossSettings, ModelSettings
from alphanet_pl.model.losses import build_loss
from alphanet_pl.model.losses.loss import mean_stocks
from alphanet_pl.model.metrics import RankIC
from alphanet_pl.model.network import AlphaNet
from datamodules.batches.cross_sections import CrossSections
from datamodules.batches.windows import Windows


class AlphaNetModule(pl.LightningModule):
    """Trains AlphaNet on whole cross-sections.

    Args:
        features: Number of channels in a picture.
        model: Group `model`, as a plain dict, so that checkpoints hold plain types only.
        loss: Group `loss`, as a plain dict.
        learning_rate: Adam's.
        seed: Draws the initial weights and v2.1's sample of features.
    """

    def __init__(
        self,
        features: int,
        model: dict[str, Any],
        loss: dict[str, Any],
        learning_rate: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        shape = ModelSettings(**model)
        self.network = AlphaNet(
            rows=features,
            n=shape.n,
            seed=seed,
            units=shape.units,
            eps=shape.batch_norm_eps,
            momentum=shape.batch_norm_momentum,
        )
        self.loss = build_loss(LossSettings(**loss))
        self._learning_rate = learning_rate
        self._train_loss, self._val_loss, self._val_rank_ic = MeanMetric(), MeanMetric(), RankIC()

    @classmethod
    def create(
        cls,
        features: int,
        model: ModelSettings,
        loss: LossSettings,
        learning_rate: float,
        seed: int,
    ) -> "AlphaNetModule":
        """From typed settings; see the class."""
        return cls(features, asdict(model), asdict(loss), learning_rate, seed)

    def forward(self, inputs: Tensor | Windows) -> Tensor:
        """Prediction (S,) of pictures (S, F, T) or of their windows."""
        prediction: Tensor = self.network(inputs)
        return prediction

    def training_step(self, batch: CrossSections, batch_idx: int) -> Tensor:
        """One optimisation step's loss."""
        stocks = mean_stocks(batch)
        loss = self.loss(self(batch.inputs), batch, stocks)
        # The loss of one rank is its sum over `stocks`, so weighted by them the mean is exact.
        self._train_loss.update(loss.detach(), weight=stocks)
        self.log("train/loss", self._train_loss, on_step=False, on_epoch=True)
        return loss

    def train_loss_so_far(self) -> Tensor:
        """(ranks, 2) weighted sum and weight of `train/loss` in this epoch, of each rank."""
        sums = torch.stack([self._train_loss.mean_value, self._train_loss.weight])
        if self.trainer.world_size == 1:
            return sums[None]
        ranks = sums.new_empty(2 * self.trainer.world_size)
        dist.all_gather_into_tensor(ranks, sums)
        return ranks.view(-1, 2)

    def continue_train_loss(self, sums: Tensor) -> None:
        """Take up this rank's share of what `train_loss_so_far` left, of as many ranks as it was.

        Its own alone where there are as many as then: added up otherwise, it would be rounded.
        """
        own = sums[self.global_rank :: self.trainer.world_size].sum(0)
        self._train_loss.mean_value, self._train_loss.weight = own.to(self.device).unbind()

    def validation_step(self, batch: CrossSections, batch_idx: int) -> Tensor:
        """Squared error within dates and RankIC of the published factor; each stock counts once."""
        prediction = self(batch.inputs)
        loss = self.loss.selection(prediction, batch)
        self._val_loss.update(loss, weight=len(batch.label))
        self._val_rank_ic.update(self.loss.published(prediction, batch), batch.label, batch.date)
        self.log("val/loss", self._val_loss, prog_bar=True)
        self.log("val/rank_ic", self._val_rank_ic, prog_bar=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, as in the report of 2020-08-24."""
        return torch.optim.Adam(self.parameters(), lr=self._learning_rate, fused=True)
