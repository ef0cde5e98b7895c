"""The LightningModule: a network on the operators' windows or on pictures, its loss and optimiser.

Each is named by the settings: by a word for what ships, as module.Class for one of the user's own.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torchmetrics import MeanMetric

from alphanet_pl.config.refusals import as_typed
from alphanet_pl.config.settings import LossSettings, ModelSettings, Settings
from alphanet_pl.model.ancestors import AlphaNetV1, AlphaNetV3
from alphanet_pl.model.baselines import BoostedTrees, Estimated, Reversal, Ridge
from alphanet_pl.model.fused import FusedAlphaNet
from alphanet_pl.model.losses import LOSSES, build_loss
from alphanet_pl.model.metrics import RankIC
from alphanet_pl.model.named import Kind
from alphanet_pl.model.network import AlphaNet, WindowNetwork
from alphanet_pl.model.operators import SevenOperators, SixOperators
from datamodules.base.errors import ConfigError
from datamodules.batches.cross_sections import CrossSections
from datamodules.batches.windows import Operators, WindowInputs, Windows, windows_of
from datamodules.settings import DataSettings

NETWORKS: Kind[nn.Module] = Kind(
    "model.network",
    nn.Module,
    {
        "alphanet": FusedAlphaNet,
        "readable": AlphaNet,
        "v1": AlphaNetV1,
        "v3": AlphaNetV3,
        "ridge": Ridge,
        "lightgbm": BoostedTrees,
        "reversal": Reversal,
    },
    "model.arguments",
    {
        "n": "model.n",
        "units": "model.units",
        "eps": "model.batch_norm_eps",
        "momentum": "model.batch_norm_momentum",
        "seed": "seed",
    },
)
OPERATORS: Kind[Any] = Kind(
    "model.operators",
    Operators,
    {"six": SixOperators, "seven": SevenOperators},
    None,
)
OPTIMISERS: Kind[torch.optim.Optimizer] = Kind(
    "trainer.optimiser",
    torch.optim.Optimizer,
    {"adam": torch.optim.Adam},
    "trainer.optimiser_arguments",
    {"lr": "trainer.learning_rate"},
)


def named_classes(settings: Settings) -> Iterator[tuple[Kind[Any], str]]:
    """What these settings name, of each kind."""
    yield NETWORKS, settings.model.network
    yield OPERATORS, settings.model.operators
    yield LOSSES, settings.loss.error
    yield OPTIMISERS, settings.trainer.optimiser


class AlphaNetModule(pl.LightningModule):
    """Trains a network on whole cross-sections.

    Args:
        features: F, number of channels in a picture.
        model: Group `model`, as a plain dict, so that checkpoints hold plain types only.
        loss: Group `loss`, as a plain dict.
        learning_rate: Of the optimiser.
        seed: Draws the initial weights and v2.1's sample of features.
        optimiser: Its name and further arguments.
        picture_days: T, days of a picture.
        precision: bf16-mixed multiplies in bfloat16; see `trainer.precision`.

    Raises:
        FitError: A class is named that neither ships nor was named by this command's settings.
    """

    def __init__(
        self,
        features: int,
        model: dict[str, Any],
        loss: dict[str, Any],
        learning_rate: float,
        seed: int,
        optimiser: tuple[str, dict[str, Any]] = ("adam", {}),
        picture_days: int = DataSettings.picture_days,
        precision: str = "32-true",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        shape = ModelSettings(**model)
        facts = {"days": shape.days, "stride": shape.stride}
        operators: Operators = OPERATORS.make(shape.operators, {}, facts)
        self.network = build_network(shape, operators, features, picture_days, seed)
        self._half = precision == "bf16-mixed" and not isinstance(self.network, Estimated)
        self.takes = _takes(self.network, operators, shape.network)
        if self._half and self.takes is not None:
            self.takes = self.takes.in_half()
        """What of the windows the network is given; None where it takes pictures."""
        self.loss = build_loss(LossSettings(**loss))
        self._channels, self._seed = features, seed
        OPTIMISERS.known(optimiser[0])
        self._learning_rate, self._optimiser = learning_rate, optimiser
        self._train_loss, self._val_loss, self._val_rank_ic = MeanMetric(), MeanMetric(), RankIC()

    @classmethod
    def create(cls, settings: Settings) -> "AlphaNetModule":
        """From a command's settings, whose own classes are imported and checked here.

        Raises:
            ConfigError: A class cannot be had, or does not take its arguments.
        """
        for kind, name in named_classes(settings):
            kind.admit(name)
        data, trainer = settings.data, settings.trainer
        made = cls(
            len(data.features),
            asdict(settings.model),
            asdict(settings.loss),
            trainer.learning_rate,
            settings.seed,
            (trainer.optimiser, trainer.optimiser_arguments),
            data.picture_days,
            trainer.precision,
        )
        if isinstance(made.network, Reversal) and data.features[0] != "close":
            others = [name for name in data.features if name != "close"]
            raise ConfigError(
                f"data.features={as_typed(data.features)} was given",
                "reversal takes the first of them for the close",
                f"data.features={as_typed(['close', *others])}",
            )
        return made

    @property
    def sampled(self) -> tuple[int, ...]:
        """Channels whose pairs the network traverses; all of them for a network that has no say."""
        if isinstance(self.network, WindowNetwork):
            return self.network.sampled
        return tuple(range(self._channels))

    def parameter_fingerprint(self) -> tuple[int, ...]:
        """Numbers of trainable parameters: of AlphaNet's three parts, or of all of the network."""
        if isinstance(self.network, WindowNetwork):
            return self.network.parameter_fingerprint()
        return (sum(p.numel() for p in self.network.parameters() if p.requires_grad),)

    def forward(self, inputs: Tensor | Windows) -> Tensor:
        """Prediction (S,) of pictures (S, F, T) or of their windows."""
        if isinstance(self.network, WindowNetwork):
            prediction: Tensor = self.network(inputs)
            return prediction
        if self.takes is not None and isinstance(inputs, Tensor):
            inputs = windows_of(inputs, self.takes.operators)
        plain = inputs if isinstance(inputs, Tensor) else inputs.features()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            prediction = self.network(plain)
        prediction = prediction.float() if self._half else prediction
        if prediction.shape != plain.shape[:1]:
            raise ConfigError(
                f"the network gave {tuple(prediction.shape)} for {len(plain)} stocks",
                f"one number a stock, ({len(plain)},)",
                "squeeze(-1) at the end of its forward",
            )
        return prediction

    def on_train_batch_start(self, batch: CrossSections, batch_idx: int) -> None:
        """Let a network's own randomness follow from seed and step: a resumed fit ends alike."""
        if isinstance(self.network, WindowNetwork) and not self.network.draws:
            return
        seed = (self._seed << 24) + self.global_step
        # Not torch.manual_seed, which queues a call for each kind of device that is not in use.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: CrossSections, batch_idx: int) -> Tensor:
        """One optimisation step's loss."""
        share = self.loss.share(batch)
        loss = self.loss(self(batch.inputs), batch, share)
        # The loss of one rank is its sum over `share`, so weighted by it the mean is exact.
        self._train_loss.update(loss.detach(), weight=share)
        if self.trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            # Once an epoch, which it is the mean of: each call costs a tenth of a step's products.
            self.log("train/loss", self._train_loss, on_step=False, on_epoch=True, logger=False)
        return loss

    def train_loss_so_far(self) -> Tensor:
        """(ranks, 2) weighted sum and weight of `train/loss` in this epoch, of each rank."""
        sums = torch.stack([self._train_loss.mean_value, self._train_loss.weight])
        if self.trainer.world_size == 1:
            return sums[None]
        ranks = [torch.empty_like(sums) for _ in range(self.trainer.world_size)]
        dist.all_gather(ranks, sums)
        return torch.stack(ranks)

    def continue_train_loss(self, sums: Tensor) -> None:
        """Take up this rank's share of what `train_loss_so_far` left, of as many ranks as it was.

        Its own alone where there are as many as then: added up otherwise, it would be rounded.
        """
        own = sums[self.global_rank :: self.trainer.world_size].sum(0)
        self._train_loss.mean_value, self._train_loss.weight = own.to(self.device).unbind()

    def validation_step(self, batch: CrossSections, batch_idx: int) -> Tensor:
        """Error within dates and RankIC of the published factor; each stock (or date) once."""
        prediction = self(batch.inputs)
        loss = self.loss.selection(prediction, batch)
        self._val_loss.update(loss, weight=self.loss.count(batch))
        self._val_rank_ic.update(self.loss.published(prediction, batch), batch.label, batch.date)
        self.log("val/loss", self._val_loss, prog_bar=True, logger=False)
        self.log("val/rank_ic", self._val_rank_ic, prog_bar=True, logger=False)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, as in the report of 2020-08-24, unless the settings name another."""
        name, arguments = self._optimiser
        facts = {"params": list(self.parameters()), "lr": self._learning_rate}
        if name == "adam":
            arguments = {"fused": True, **arguments}
        return OPTIMISERS.make(name, arguments, facts)


def build_network(
    settings: ModelSettings, operators: Operators, channels: int, picture_days: int, seed: int
) -> nn.Module:
    """The network that the settings name, its initial weights a function of the seed alone.

    A class is given what its constructor asks for by name: channels (F) and picture_days (T),
    features (C) and windows (W), operators, seed, and AlphaNet's own settings n, units, eps and
    momentum; then model.arguments.
    """
    facts = {
        "channels": channels,
        "picture_days": picture_days,
        "features": operators.width(channels),
        "windows": (picture_days - operators.days) // operators.stride + 1,
        "operators": operators,
        "seed": seed,
        "n": settings.n,
        "units": settings.units,
        "eps": settings.batch_norm_eps,
        "momentum": settings.batch_norm_momentum,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS.make(settings.network, settings.arguments, facts)


def _takes(network: nn.Module, operators: Operators, name: str) -> WindowInputs | None:
    """What a network says that it takes: WindowInputs, "windows" (S, W, C), or "pictures"."""
    takes = getattr(network, "takes", None)
    if isinstance(network, WindowNetwork):
        return network.takes
    if takes not in ("windows", "pictures"):
        raise ConfigError(
            f"model.network={name} has takes={takes!r}",
            'a network says whether it takes "windows" of features (S, W, C) or "pictures"'
            " (S, F, T)",
            f'write takes = "windows" into {name.rpartition(".")[2]}',
        )
    return WindowInputs(operators) if takes == "windows" else None
