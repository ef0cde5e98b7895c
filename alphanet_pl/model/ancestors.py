"""AlphaNet-v1 and v3, which the report compares v2 with in 2020.

v1 pools each feature over the windows and ends in a dense layer; v3 reads the same pictures twice,
in windows of ten days and of five, each by a GRU. Both take the windows as `fused` does.

Shape suffixes: C features, W windows, S stocks, D dates, H units, G = 3H gate rows in the order
update, reset, candidate.

    prediction_S = AlphaNetV3(n=8, seed=3)(pictures_SFT)
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from alphanet_pl.config.settings import ModelSettings
from alphanet_pl.model.batchnorm import BatchNorm, FeatureNorm
from alphanet_pl.model.fused import by_date, project, read_out
from alphanet_pl.model.network import WindowNetwork, output_layer
from alphanet_pl.model.operators import SevenOperators, SixOperators
from datamodules.base.errors import ConfigError
from datamodules.batches.windows import Operators, Windows
from datamodules.settings import DataSettings


class AlphaNetV1(WindowNetwork):
    """Seven operators, batch norm, pooling, batch norm, both flattened, a dense layer of ReLUs.

    Args:
        channels: F, rows of a picture; nine in HT20a.
        windows: W, windows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: The model's seed.
        units: Of the dense layer.
        dropout: Share of its units that a training step leaves out.
        eps: Batch norm's addition to the variance.
        momentum: Share of the running statistics that batch norm keeps (Keras' sense).
        operators: Make the features of a window.

    Source: HT20a, AlphaNet-v1.
    """

    draws = True

    def __init__(
        self,
        channels: int = 9,
        windows: int = 3,
        n: int | None = None,
        seed: int = 0,
        units: int = ModelSettings.units,
        dropout: float = 0.5,
        eps: float = ModelSettings.batch_norm_eps,
        momentum: float = ModelSettings.batch_norm_momentum,
        operators: Operators | None = None,
    ) -> None:
        super().__init__(channels, n, seed, operators or SevenOperators())
        generator = torch.Generator().manual_seed(seed)
        self.feature_norm = FeatureNorm(self.width, eps, momentum)
        self.pool_norm = BatchNorm(3 * self.width, eps, momentum)
        self.dense = nn.utils.skip_init(nn.Linear, (windows + 3) * self.width, units)
        nn.init.xavier_uniform_(self.dense.weight, generator=generator)
        nn.init.zeros_(self.dense.bias)
        self.dropout = nn.Dropout(dropout)
        self.head = output_layer(units, generator)

    def _predict(self, windows: Windows) -> Tensor:
        features_WCS = self._normalised(windows)
        pools = features_WCS.mean(0), features_WCS.amax(0), features_WCS.amin(0)
        centred_CS, scale, shift = self.pool_norm(torch.cat(pools))
        pooled_CS = torch.addcmul(shift[:, None], centred_CS, scale[:, None])
        flat_SC = torch.cat([features_WCS.flatten(0, 1), pooled_CS]).T
        hidden_SH = self.dropout(self.dense(flat_SC).relu())
        prediction: Tensor = self.head(hidden_SH).squeeze(-1)
        return prediction

    def _normalised(self, windows: Windows) -> Tensor:
        """The features (W, C, S) after their batch norm, each date by its own scale and shift."""
        scale_DWC, shift_DWC = self.feature_norm(windows)
        parts = zip(windows.values.split(windows.counts, 2), scale_DWC, shift_DWC, strict=True)
        return torch.cat(
            [torch.addcmul(b[:, :, None], x.to(a.dtype), a[:, :, None]) for x, a, b in parts], 2
        )

    def _parts(self) -> tuple[Sequence[nn.Module], ...]:
        return (self.feature_norm, self.pool_norm), (self.dense,), (self.head,)


class AlphaNetV3(WindowNetwork):
    """Two branches of features, batch norm and GRU; both last states, batch norm, one output.

    Args:
        channels: F, rows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: The model's seed.
        units: Of each GRU.
        short: Days of a window of the second branch, and its stride.
        eps: Batch norm's addition to the variance.
        momentum: Share of the running statistics that batch norm keeps (Keras' sense).
        operators: Make the features of a window of the first branch.
        picture_days: T, days of a picture.

    Raises:
        ConfigError: The operators are of the user's own, and have no shorter windows, or a window
            of the second branch is none of a picture's.

    Source: HT20b, AlphaNet-v3.
    """

    def __init__(
        self,
        channels: int = 15,
        n: int | None = None,
        seed: int = 0,
        units: int = ModelSettings.units,
        short: int = 5,
        eps: float = ModelSettings.batch_norm_eps,
        momentum: float = ModelSettings.batch_norm_momentum,
        operators: Operators | None = None,
        picture_days: int = DataSettings.picture_days,
    ) -> None:
        super().__init__(channels, n, seed, operators)
        may = [days for days in range(2, picture_days + 1) if picture_days % days == 0]
        if type(short) is not int or short not in may:
            raise ConfigError(
                f"model.arguments.short={short} was given",
                f"windows of so many days fill a picture of {picture_days} whole",
                f"model.arguments.short={5 if 5 in may else may[0]}",
            )
        own = self.takes.operators
        if not isinstance(own, SixOperators):
            raise ConfigError(
                "model.network=v3 was given with model.operators of your own",
                "its second branch takes the six operators on shorter windows",
                "model.operators=six",
            )
        finer = replace(self.takes, operators=replace(own, days=short, stride=short))
        self.takes = replace(self.takes, also=finer)
        generator = torch.Generator().manual_seed(seed)
        self.feature_norms = nn.ModuleList(FeatureNorm(self.width, eps, momentum) for _ in range(2))
        self.grus = nn.ModuleList(WindowGRU(self.width, units, generator) for _ in range(2))
        self.state_norm = BatchNorm(2 * units, eps, momentum)
        self.head = output_layer(2 * units, generator)

    def _predict(self, windows: Windows) -> Tensor:
        assert windows.also is not None
        branches = zip((windows, windows.also), self.feature_norms, self.grus, strict=True)
        states = [gru(part.values, part.counts, *norm(part)) for part, norm, gru in branches]
        return read_out(self.head, self.state_norm, torch.cat(states))

    def _parts(self) -> tuple[Sequence[nn.Module], ...]:
        return (*self.feature_norms,), (*self.grus, self.state_norm), (self.head,)


class WindowGRU(nn.Module):
    """Keras' GRU (reset_after), torch's too, whose inputs are data: no gradient for them.

    Args:
        features: C.
        units: H.
        generator: Source of the initial weights: Keras' glorot uniform, orthogonal, zero.
    """

    def __init__(self, features: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        kernel, recurrent = torch.empty(3 * units, features), torch.empty(3 * units, units)
        nn.init.xavier_uniform_(kernel, generator=generator)
        nn.init.orthogonal_(recurrent, generator=generator)
        self.kernel, self.recurrent = nn.Parameter(kernel), nn.Parameter(recurrent)
        self.bias, self.recurrent_bias = (nn.Parameter(torch.zeros(3 * units)) for _ in range(2))

    def forward(
        self, values_WCS: Tensor, counts: Sequence[int], scale_DWC: Tensor, shift_DWC: Tensor
    ) -> Tensor:
        """Return the last state (H, S) of the features scale * values + shift, by `WindowLSTM`."""
        weights_DWGC = self.kernel * scale_DWC[:, :, None]
        bias_DWG = self.bias + shift_DWC @ self.kernel.T
        units = self.recurrent.shape[1]
        state_HS = weights_DWGC.new_zeros(units, values_WCS.shape[2])
        for window, values_DCS in enumerate(zip(*by_date(values_WCS, counts), strict=True)):
            entering = project(values_DCS, counts, weights_DWGC[:, window], bias_DWG[:, window])
            kept = torch.addmm(self.recurrent_bias[:, None], self.recurrent, state_HS)
            update, reset = (entering[: 2 * units] + kept[: 2 * units]).sigmoid().chunk(2)
            candidate = torch.addcmul(entering[2 * units :], reset, kept[2 * units :]).tanh()
            state_HS = torch.lerp(candidate, state_HS, update)
        return state_HS
