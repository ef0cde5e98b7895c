"""AlphaNet-v2 and v2.1: operators, batch norm, LSTM, batch norm, one linear output.

network = AlphaNet(n=8, seed=3)
prediction_S = network(pictures_SFT)
"""

from typing import Any

import torch
from torch import Tensor, nn

from alphanet_pl.model.batchnorm import BatchNorm, FeatureNorm
from alphanet_pl.model.operators import SixOperators, feature_count, sampled_rows
from alphanet_pl.model.recurrence import WindowLSTM
from alphanet_pl.model.sampling import sample_features
from datamodules.base.errors import FitError
from datamodules.batches.windows import WindowInputs, Windows, windows_of


class AlphaNet(nn.Module):
    """The network of HT20b (v2) and, with n below `rows`, of HT21 (v2.1).

    Sample and initial weights are a function of `seed` alone, whatever torch's global state.

    Args:
        rows: F, features of a picture.
        n: Features whose pairs are traversed; None for all.
        seed: The model's seed.
        units: LSTM units.
        eps: Batch norm's addition to the variance.
        momentum: Share of the running statistics that batch norm keeps (Keras' sense).
    """

    sample: Tensor

    def __init__(
        self,
        rows: int = 15,
        n: int | None = None,
        seed: int = 0,
        units: int = 30,
        eps: float = 1e-3,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        self.sampled = sample_features(seed, rows if n is None else n, rows)
        self.register_buffer("sample", torch.tensor(self.sampled))
        every = len(self.sampled) == rows
        chosen = None if every else sampled_rows(rows, self.sampled)
        self.takes = WindowInputs(SixOperators(), chosen)
        generator = torch.Generator().manual_seed(seed)
        width = feature_count(rows, len(self.sampled))
        self.feature_norm = FeatureNorm(width, eps, momentum)
        self.lstm = WindowLSTM(width, units, generator)
        self.state_norm = BatchNorm(units, eps, momentum)
        self.head = nn.utils.skip_init(nn.Linear, units, 1)
        nn.init.trunc_normal_(self.head.weight, std=0.05, a=-0.1, b=0.1, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, windows: Windows | Tensor) -> Tensor:
        """Return the prediction (S,) of windows of features, or of pictures (S, F, T)."""
        device = self.sample.device.type
        # What is half precision, and what is not, is said by the windows' own type.
        with torch.autocast(device, enabled=False):
            if isinstance(windows, Tensor):
                windows = windows_of(windows, self.takes.operators, self.takes.rows)
            scale_DWC, shift_DWC = self.feature_norm(windows)
            state_HS = self.lstm(windows.values, windows.counts, scale_DWC, shift_DWC)
            centred_HS, scale, shift = self.state_norm(state_HS)
            weight = self.head.weight[0]
            return (weight * scale) @ centred_HS + (weight @ shift + self.head.bias)

    def parameter_fingerprint(self) -> tuple[int, int, int]:
        """Trainable parameters of feature norm, of LSTM with its norm, of the output.

        Source: HT20b prints 540, 36180, 31 for v2; n = 8 gives 232, 17700, 31.
        """
        parts = ((self.feature_norm,), (self.lstm, self.state_norm), (self.head,))
        norm, core, head = (
            sum(p.numel() for part in group for p in part.parameters()) for group in parts
        )
        return norm, core, head

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        stored = state.get(f"{prefix}sample")
        if stored is not None and tuple(stored.tolist()) != self.sampled:
            raise FitError(
                f"a checkpoint whose model pairs up features {stored.tolist()}",
                f"one of this model's sample {list(self.sampled)}",
                "build the model with the seed and model.n that its fit's config.yaml names",
            )
        super()._load_from_state_dict(state, prefix, *rest)
