"""A fit without steps: the network is estimated at once, then judged and kept as any other."""

from pathlib import Path

import lightning.pytorch as pl

from alphanet_pl.config.settings import LossSettings, Settings
from alphanet_pl.fit.folder import BEST
from alphanet_pl.fit.history import History
from alphanet_pl.fit.tracking import Curves
from alphanet_pl.job.world import World
from alphanet_pl.model.baselines import Estimated
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError
from datamodules.batches.datamodule import CrossSectionDataModule


def estimate(
    trainer: pl.Trainer,
    module: AlphaNetModule,
    data: CrossSectionDataModule,
    history: History,
    folder: Path,
) -> dict[str, float]:
    """Estimate, validate, and write the one epoch of its history and its checkpoint.

    Nothing is kept of one that is stopped on the way: it begins anew.

    Args:
        trainer: Of the fit; validates on all of its processes.
        module: Its network is `Estimated`.
        data: Of the fit.
        history: Of the fit.
        folder: Of the fit.

    Returns:
        What validation chose, by name.
    """
    assert isinstance(module.network, Estimated)
    data.setup("fit")
    module.network.estimate(data)
    trainer.validate(module, datamodule=data, verbose=False)
    values = {name: float(value) for name, value in trainer.callback_metrics.items()}
    history.rows.append({"epoch": 0.0, **values})
    if trainer.is_global_zero:
        history.write()
    Curves(history).fill(trainer.loggers)  # no hook of training comes by
    trainer.save_checkpoint(folder / BEST, weights_only=True)
    return module.network.chosen


def check_loss(settings: Settings) -> None:
    """Refuse a loss that an estimate does not minimise.

    Raises:
        ConfigError: It is another than the plain squared error.
    """
    if settings.loss != LossSettings():
        raise ConfigError(
            f"model.network={settings.model.network} was given with another loss",
            "its estimate minimises the squared error of every stock alike",
            "loss=mse",
        )


def check_alone(settings: Settings, world: World | None) -> None:
    """Refuse several processes: all would do the same work, and none could answer a signal.

    Raises:
        ConfigError: There are.
    """
    if world is not None and world.size > 1:
        raise ConfigError(
            f"model.network={settings.model.network} was given to {world.size} processes",
            "its estimate is one process' work",
            "sbatch --nodes=1 --ntasks-per-node=1 --gpus-per-node=0 slurm/train.sh, or "
            "trainer.devices=1 trainer.num_nodes=1",
        )
