"""What a fit minimises, composed from conf/loss: weights and residual are independent choices.

loss = build_loss(LossSettings(long_weight=2.0))
scalar = loss(prediction_S, batch)
"""

from alphanet_pl.config.settings import LossSettings
from alphanet_pl.model.losses.long_side import LongSide
from alphanet_pl.model.losses.loss import Loss
from alphanet_pl.model.losses.neutralised import NeutralisedLoss

__all__ = ["LongSide", "Loss", "NeutralisedLoss", "build_loss"]


def build_loss(settings: LossSettings) -> Loss:
    """Return the loss that the settings describe."""
    weights = LongSide(settings.long_weight) if settings.long_weight != 1 else None
    return NeutralisedLoss(weights) if settings.neutralise else Loss(weights)
