"""The peer to beat: the same network in plain PyTorch, as a careful programmer writes it first.

Gram-matrix operators on sample-major pictures, `nn.BatchNorm1d`, `nn.LSTM`, `nn.Linear`. It
computes what `alphanet_pl.model.network.AlphaNet` computes, so the tests compare the two and
`step.py` races them.
"""

import torch
from torch import Tensor, nn

DAYS = 10
CONSTANT = 1e-6


class PlainAlphaNet(nn.Module):
    """AlphaNet over all pairs of `sample` (all features when None), Keras-like batch norm.

    Args:
        features: Rows of a picture.
        sample: Features whose pairs are traversed.
        hidden: LSTM units.
    """

    def __init__(
        self, features: int = 15, sample: tuple[int, ...] | None = None, hidden: int = 30
    ) -> None:
        super().__init__()
        chosen = tuple(range(features)) if sample is None else sample
        n = len(chosen)
        self.sample = None if n == features else torch.tensor(chosen)
        first, second = torch.triu_indices(n, n, 1)
        self.upper = first * n + second
        width = n * (n - 1) + 4 * features
        self.feature_norm = nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)
        self.lstm = nn.LSTM(width, hidden, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()
        self.hidden_norm = nn.BatchNorm1d(hidden, eps=1e-3, momentum=0.01)
        self.head = nn.Linear(hidden, 1)

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """Features (S, W, C) of pictures (S, F, T)."""
        stocks, features, days = pictures.shape
        windows = (
            pictures.reshape(stocks, features, days // DAYS, DAYS).transpose(1, 2).contiguous()
        )
        mean = windows.mean(-1)
        centred = windows - mean.unsqueeze(-1)
        std = (centred.square().sum(-1) / (DAYS - 1)).sqrt()
        std = std * (std > CONSTANT * mean.abs())
        inverse = torch.where(std > 0, 1 / std, 0)
        start, end = windows[..., 0], windows[..., -1]
        change = torch.where(start == 0, 0, end / start - 1)
        weights = torch.arange(1, DAYS + 1, dtype=windows.dtype, device=windows.device)
        decay = windows @ (weights / weights.sum())
        paired, scale = centred * (std > 0).unsqueeze(-1), inverse
        if self.sample is not None:
            paired, scale = paired[:, :, self.sample], scale[:, :, self.sample]
        unit = paired * scale.unsqueeze(-1)
        cov, corr = (self.gram(rows) / (DAYS - 1) for rows in (paired, unit))
        return torch.cat([corr.clamp(-1, 1), cov, std, mean * inverse, change, decay], -1)

    def gram(self, rows: Tensor) -> Tensor:
        """Products of all pairs (S, W, P) of rows (S, W, N, D)."""
        return (rows @ rows.transpose(-1, -2)).flatten(2)[..., self.upper]

    def forward(self, pictures: Tensor) -> Tensor:
        """Prediction (S,) of pictures (S, F, T)."""
        features = self.features(pictures)
        normed = self.feature_norm(features.flatten(0, 1)).view_as(features)
        state = self.lstm(normed)[1][0][-1]
        return self.head(self.hidden_norm(state)).squeeze(-1)
